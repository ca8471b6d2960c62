import { HTTPException } from 'hono/http-exception'
import type { DemoContext } from './demo-env.ts'

/** The text fields of a submitted form. Files, repeated fields and other content types are nothing that our forms send. */
export async function readForm(c: DemoContext): Promise<(name: string) => string> {
  const type = c.req.header('content-type') ?? ''
  if (!/^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type)) {
    throw new HTTPException(415, { message: 'Only a form can be submitted here.' })
  }
  const fields = await c.req.parseBody().catch((cause: unknown) => {
    throw new HTTPException(400, { message: 'The form that arrived can’t be read.', cause })
  })
  return (name) => {
    const value = Object.hasOwn(fields, name) ? fields[name] : ''
    return typeof value === 'string' ? value : ''
  }
}
