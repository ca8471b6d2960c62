import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { SessionError } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import * as functions from 'coatcheck/php'
import { $_SESSION, PhpSessions, type PhpWarning } from 'coatcheck/php'
import { phpFiles } from 'coatcheck/php/files'
import { phpSerialize, toPhpKey } from 'coatcheck/php/formats'
import { formats, type Operation, type SettingsPlan } from './operations.ts'

/** What came of one operation, as both sides tell it. */
export interface Result {
  readonly value: unknown
  readonly thrown?: readonly [kind: string, message: string]
  readonly warnings: readonly (readonly [level: string, message: string])[]
  readonly status: number
  readonly id: string
  /** `serialize($_SESSION)`, in base64. */
  readonly data: string
}

/** What ours alone tells. */
export interface OwnResult extends Result {
  readonly codes: readonly string[]
}

export interface NodeSide {
  readonly url: string
  /** From now on the server has these sessions. */
  serve(settings: SettingsPlan, folder: string, lastModified: Date): void
  /** Of the last request: a response that failed carries none. */
  readonly results: readonly OwnResult[]
}

/** The functions of `coatcheck/php` behind a real server. */
export async function nodeSide(t: TestContext): Promise<NodeSide> {
  let listener: RequestListener = () => {}
  let results: OwnResult[] = []
  const server = createServer((request, response) => listener(request, response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close())
  const warnings: PhpWarning[] = []
  subscribe('coatcheck:php-warning', (warning) => warnings.push(warning as PhpWarning))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    get results() {
      return results
    },
    serve(settings, folder, lastModified) {
      const sessions = new PhpSessions({
        ...optionsOf(settings),
        lastModified,
        saveHandler: phpFiles({ savePath: folder }),
      })
      listener = coatcheck(
        sessions,
        async (request, response) => {
          results = []
          const parts: Buffer[] = []
          for await (const part of request) parts.push(part)
          const operations: readonly Operation[] = JSON.parse(Buffer.concat(parts).toString('utf8')).operations
          for (const [name, arguments_] of operations) {
            warnings.length = 0
            const outcome = await act(name, arguments_).then((value) => ({ value: value ?? null }), thrownBy)
            results.push({
              ...outcome,
              warnings: warnings.map(({ level, message }) => [level, message] as const),
              codes: warnings.map(({ code }) => code),
              status: functions.session_status(),
              id: functions.session_id() as string,
              data: dataNow(),
            })
          }
          response.end()
        },
        {
          onError: (error, _request, response) =>
            response.writeHead(error instanceof SessionError ? error.status : 500).end(String(error)),
        },
      )
    },
  }
}

async function act(name: string, arguments_: readonly unknown[]): Promise<unknown> {
  const [key, value] = arguments_ as [string, unknown]
  switch (name) {
    case 'set':
      $_SESSION[key] = value
      return null
    case 'delete':
      delete $_SESSION[key]
      return null
    case 'push': {
      $_SESSION[key] ??= []
      const list = $_SESSION[key]
      if (Array.isArray(list)) list.push(value)
      return null
    }
    case 'decode':
      return functions.session_decode(Buffer.from(key, 'base64'))
    case 'encode': {
      const text = functions.session_encode()
      return text === false ? false : Buffer.from(text as string).toString('base64')
    }
    default:
      return called(name)(...arguments_)
  }
}

type AnyFunction = (...arguments_: readonly unknown[]) => unknown

function called(name: string): AnyFunction {
  return new Map<string, unknown>(Object.entries(functions)).get(`session_${name}`) as AnyFunction
}

function thrownBy(error: Error): Pick<Result, 'value' | 'thrown'> {
  const kind = error instanceof SessionError ? error.code : error instanceof RangeError ? 'ValueError' : error.name
  return { value: null, thrown: [kind, error.message] }
}

function dataNow(): string {
  const data = new Map(Object.entries($_SESSION).map(([name, value]) => [toPhpKey(name), value]))
  try {
    return Buffer.from(phpSerialize.encode(data as never)).toString('base64')
  } catch (error) {
    return String(error)
  }
}

function optionsOf(settings: SettingsPlan): functions.PhpSettings {
  const options = Object.entries(settings).map(([name, value]) => {
    const option = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
    const isFlag = /^(use_|lazy_)|_(secure|httponly)$/.test(name)
    return [option, isFlag ? value === 1 : value]
  })
  const serializeHandler = formats.find(({ name }) => name === settings.serialize_handler)!
  return { ...Object.fromEntries(options), serializeHandler, gcProbability: 0 }
}
