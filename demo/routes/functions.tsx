import { type Session, SessionError } from 'coatcheck'
import { Hono } from 'hono'
import { getCookie } from 'hono/cookie'
import { HTTPException } from 'hono/http-exception'
import { stream } from 'hono/streaming'
import { cookieNameOf, type Demo, type DemoContext, type DemoEnv, frameOf } from '../demo-env.ts'
import { readForm } from '../forms.ts'
import { page } from '../page.ts'
import { cutHere, Functions, TooLate, TooLateAnswer } from '../pages/functions.tsx'
import { readRawRecord } from '../raw-record.ts'
import { type LabData, seedFunctions } from '../seed-functions.ts'
import { runOn } from '../seed-lab.ts'

const largeText = 'coat '.repeat(20_480)
const maxKeys = 20

export function functionRoutes(demo: Demo): Hono<DemoEnv> {
  const { lab } = demo
  const routes = new Hono<DemoEnv>()

  async function overview(c: DemoContext, problem?: { name: string; text: string }) {
    const session = await lab.open(c)
    const name = cookieNameOf(c, 'lab', demo.isSecure(c))
    const value = session.isStored ? (getCookie(c, name) ?? '') : ''
    const record = session.id && (await readRawRecord(demo, session.id))
    const view = (
      <Functions
        frame={{ ...frameOf(c, demo), path: '/functions' }}
        cookie={{ name, start: value.slice(0, 4) || undefined, bytes: value.length }}
        handle={session.handle}
        data={session.data}
        recordBytes={record ? record.bytes : undefined}
        runs={c.get('viewer').runs}
        problem={problem}
      />
    )
    return page(c, view, problem ? 422 : 200)
  }

  routes.get('/functions', (c) => overview(c))

  routes.post('/functions/large', (c) =>
    run(c, 'large', (session) => {
      session.data.large = largeText
      return `${largeText.length.toLocaleString('en')} characters stored`
    }),
  )

  routes.post('/functions/:name', async (c) => {
    const known = seedFunctions.find(({ name }) => name === c.req.param('name'))
    if (!known) throw new HTTPException(404, { message: 'There is no such function here.' })
    const field = await readForm(c)
    const [key, value] = [field('key'), field('value')]
    const wrong = known.asks && whatIsWrongWith(key, value)
    if (wrong) return overview(c, { name: known.name, text: wrong })
    const { data } = await lab.open(c)
    if (known.asks === 'key and value' && !Object.hasOwn(data, key) && Object.keys(data).length >= maxKeys) {
      return overview(c, { name: known.name, text: `This session holds at most ${maxKeys} keys. Remove one first.` })
    }
    return run(c, known.name, (session) => known.run(session, { key, value }))
  })

  async function run(c: DemoContext, name: string, call: (session: Session<LabData>) => unknown) {
    const session = await lab.open(c)
    c.get('viewer').runs.set(name, await runOn(session, call, { name, stored: demo, request: c.get('logged') }))
    return c.redirect(`/functions#${name}`, 303)
  }

  routes.get('/functions/late', (c) => {
    const frame = { ...frameOf(c, demo), path: '/functions' }
    const [upper = '', lower = ''] = `<!DOCTYPE html>${<TooLate frame={frame} />}`.split(cutHere)
    c.header('Content-Type', 'text/html; charset=utf-8')
    c.header('Cache-Control', 'no-store')
    return stream(c, async (output) => {
      // Resolves when the server has taken these bytes, which it does after the headers have left.
      await output.write(upper)
      let error: SessionError | undefined
      try {
        await lab.open(c)
      } catch (reason) {
        if (!(reason instanceof SessionError)) throw reason
        error = reason
      }
      await output.write(`${<TooLateAnswer error={error} bytes={Buffer.byteLength(upper)} />}${lower}`)
    })
  })

  return routes
}

function whatIsWrongWith(key: string, value: string): string | undefined {
  if (!/^[a-z][a-z0-9_]{0,31}$/i.test(key)) {
    return 'A key begins with a letter and has at most 32 letters, digits and underscores.'
  }
  return value.length > 200 ? 'A value has at most 200 characters.' : undefined
}
