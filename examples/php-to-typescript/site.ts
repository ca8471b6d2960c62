import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { verify } from '@node-rs/argon2'

/** The pages that Node serves, by their addresses. */
export type Pages = Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<unknown>>

export const port: number = Number(process.env.PORT ?? 3000)

export function listen(listener: RequestListener): void {
  createServer(listener).listen(port, '127.0.0.1', () => console.log(`http://localhost:${port}`))
}

export function pathOf(request: IncomingMessage): string {
  return request.url?.split('?')[0] ?? '/'
}

export async function answer(pages: Pages, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const page = pages[pathOf(request)]
  if (page) await page(request, response)
  else send(response, 'There is no such page', 404)
}

export const loginForm = `<form method="post">
  <input name="name" required> <input name="password" type="password" required> <button>Sign in</button>
</form>`

/** PHP's hashes: nobody needs a new password. */
const passwordHashes: Record<string, string> = JSON.parse(
  readFileSync(join(import.meta.dirname, 'passwords.json'), 'utf8'),
)

/** The name, if the password is theirs. One that nobody has takes as long as one that somebody has. */
export async function checkedName(request: IncomingMessage): Promise<string | undefined> {
  const form = await formOf(request)
  const name = form.get('name') ?? ''
  const hash = Object.hasOwn(passwordHashes, name) ? passwordHashes[name] : undefined
  const isRight = await verify(hash ?? Object.values(passwordHashes)[0] ?? '', form.get('password') ?? '')
  return hash && isRight ? name : undefined
}

export async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > 10_000) throw new Error('the form is too large')
  }
  return new URLSearchParams(text)
}

export function send(response: ServerResponse, body: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(body)
}

export function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location }).end()
}

export function plain(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
