import type { ServerResponse } from 'node:http'
import type { Departure } from './logged-request.ts'

/** Calls back once, when a response's headers leave, however they are written; or when its connection is gone without. */
export function watchHead(response: ServerResponse, onHead: (head: Departure) => void): void {
  const { writeHead } = response
  response.writeHead = ((...args: unknown[]): ServerResponse => {
    const written = Reflect.apply(writeHead, response, args) as ServerResponse
    onHead({ status: response.statusCode, ...headersOf(response, args.slice(1)) })
    return written
  }) as ServerResponse['writeHead']
  // nginx's number for it: the client has closed the request.
  response.once('close', () =>
    onHead({ status: response.headersSent ? response.statusCode : 499, ...headersOf(response, []) }),
  )
}

/** Those that were set, and those that were given to `writeHead`, which Node does not always keep. */
function headersOf(response: ServerResponse, args: unknown[]): Pick<Departure, 'location' | 'setCookies'> {
  const given = args.find((each) => typeof each === 'object' && each !== null)
  const values = (name: string): string[] => {
    const own = pairsOf(given).filter(([each]) => each.toLowerCase() === name)
    const found = own.length > 0 ? own.map(([, value]) => value) : [response.getHeader(name)]
    return found
      .flat()
      .filter((value) => value !== undefined)
      .map(String)
  }
  return { location: values('location')[0], setCookies: values('set-cookie') }
}

function pairsOf(given: unknown): [string, unknown][] {
  if (!Array.isArray(given)) return Object.entries(given ?? {})
  if (Array.isArray(given[0])) return given as [string, unknown][]
  return given.flatMap((name, index) => (index % 2 ? [] : [[String(name), given[index + 1]] as [string, unknown]]))
}
