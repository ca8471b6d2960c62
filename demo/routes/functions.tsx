import { type Session, SessionError } from 'coatcheck'
import { Hono } from 'hono'
import { getCookie } from 'hono/cookie'
import { HTTPException } from 'hono/http-exception'
import { stream } from 'hono/streaming'
import { cookieNameOf, type Demo, type DemoContext, type DemoEnv, frameOf } from '../demo-env.ts'
import { readForm } from '../forms.ts'
import { functionGroups } from '../functions/index.ts'
import type { PhpLab } from '../functions/php/php-lab.ts'
import { page } from '../page.ts'
import { cutHere, Functions, TooLate, TooLateAnswer } from '../pages/functions.tsx'
import { readRawRecord } from '../raw-record.ts'
import { type LabData, seedFunctions } from '../seed-functions.ts'
import { type LabCall, runInLab } from '../seed-lab.ts'

const largeText = 'coat '.repeat(20_480)
const maxKeys = 20
/** Each result shows two records, or four. The page stays light, and so does the server's memory. */
const resultsKept = 5

const allFunctions = functionGroups.flatMap(({ functions }) => functions)

export function functionRoutes(demo: Demo, php: PhpLab): Hono<DemoEnv> {
  const { lab } = demo
  const routes = new Hono<DemoEnv>()

  async function overview(c: DemoContext, problem?: { name: string; text: string }) {
    const session = await lab.open(c, { mode: 'read-only' })
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
        php={await php.version}
        problem={problem}
      />
    )
    return page(c, view, problem ? 422 : 200)
  }

  routes.get('/functions', (c) => overview(c))

  routes.post('/functions/large', (c) =>
    run(c, 'large', {
      run: (_lab, session) => {
        session.data.large = largeText
        return `${largeText.length.toLocaleString('en')} characters stored`
      },
    }),
  )

  routes.post('/functions/:name', async (c) => {
    const name = c.req.param('name')
    const listed = allFunctions.find((each) => each.name === name)
    if (listed) return run(c, name, listed.run && { ...listed, run: listed.run })
    const known = seedFunctions.find((each) => each.name === name)
    if (!known) throw new HTTPException(404, { message: 'There is no such function here.' })
    const field = await readForm(c)
    const form = { key: field('key'), value: field('value') }
    const wrong = known.asks && whatIsWrongWith(form)
    if (wrong) return overview(c, { name, text: wrong })
    const adds = known.asks === 'key and value' ? form.key : undefined
    return run(c, name, { run: (_lab, session) => known.run(room(session, adds), form) }, form)
  })

  /** Both sides, ours first: its guard decides whether the request is answered at all. */
  async function run(c: DemoContext, name: string, call: LabCall | undefined, form = { key: '', value: '' }) {
    const viewer = c.get('viewer')
    try {
      const ours = await runInLab(c, demo, call ?? { run: () => undefined })
      const besides = await php.run(viewer.id, name, form)
      keep(viewer.runs, name, { name, ours: call && ours, php: besides, request: c.get('logged') })
    } catch (error) {
      if (!(error instanceof NoRoom)) throw error
      return overview(c, { name, text: error.message })
    }
    c.header('Cache-Control', 'no-store')
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

class NoRoom extends Error {}

/** The session, if the key has a place in it. */
function room(session: Session<LabData>, key: string | undefined): Session<LabData> {
  if (key !== undefined && !Object.hasOwn(session.data, key) && Object.keys(session.data).length >= maxKeys) {
    throw new NoRoom(`This session holds at most ${maxKeys} keys. Remove one first.`)
  }
  return session
}

/** The newest comes last, and pushes out the oldest. */
function keep<T>(runs: Map<string, T>, name: string, run: T): void {
  runs.delete(name)
  runs.set(name, run)
  const [oldest] = runs.keys()
  if (runs.size > resultsKept && oldest !== undefined) runs.delete(oldest)
}

function whatIsWrongWith({ key, value }: { key: string; value: string }): string | undefined {
  if (!/^[a-z][a-z0-9_]{0,31}$/i.test(key)) {
    return 'A key begins with a letter and has at most 32 letters, digits and underscores.'
  }
  return value.length > 200 ? 'A value has at most 200 characters.' : undefined
}
