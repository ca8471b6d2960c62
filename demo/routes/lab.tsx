import { Hono } from 'hono'
import { deleteCookie, getCookie } from 'hono/cookie'
import { csrf } from 'hono/csrf'
import { HTTPException } from 'hono/http-exception'
import { type Demo, type DemoContext, type DemoEnv, frameOf } from '../demo-env.ts'
import { readForm } from '../forms.ts'
import type { Attack, Side } from '../lab/attack.ts'
import type { AttackLab } from '../lab/attack-lab.ts'
import { givenAway } from '../lab/attacks/csrf.ts'
import { attacks } from '../lab/attacks.ts'
import { cloakroomRoutes } from '../lab/cloakroom.tsx'
import { cookieNameAt, type Place, placeOf } from '../lab/place.ts'
import type { Run } from '../lab/run.ts'
import { FewAtATime, TooBusy } from '../login/few-at-a-time.ts'
import { page } from '../page.ts'
import { AttackPage } from '../pages/lab/attack.tsx'
import { LabIndex } from '../pages/lab/index.tsx'
import type { RunView } from '../pages/lab/side.tsx'
import { excerptOf } from '../source-lines.ts'

const sides: readonly Side[] = ['off', 'on']

/** The attack lab: predict, run without the defence, run with it, see what the server really got. */
export function attackLabRoutes(demo: Demo, lab: AttackLab): Hono<DemoEnv> {
  const routes = new Hono<DemoEnv>()
  const playing = new FewAtATime({ atOnce: 4, waiting: 20, waitingPerOrigin: 20 })
  const excerpts = new Map(attacks.map((attack) => [attack, attack.lines.flatMap((each) => excerptOf(each) ?? [])]))

  routes.use('/lab/*', async (c, next) => {
    hereOf(c)
    await next()
  })
  // No session is opened here, so that the library's guard has nothing to look at.
  routes.use('/lab/*', csrf())

  routes.get('/lab', (c) => {
    clearTickets(c, hereOf(c))
    const { id } = c.get('viewer')
    const verdictOf = (attack: Attack, side: Side) => lab.of(id, attack, side)?.verdict
    const rows = attacks.map((attack) => ({ attack, off: verdictOf(attack, 'off'), on: verdictOf(attack, 'on') }))
    return page(c, <LabIndex frame={frameOf(c, demo)} rows={rows} />)
  })

  routes.get('/lab/:attack', async (c) => {
    clearTickets(c, hereOf(c))
    const attack = attackOf(c)
    const { id } = c.get('viewer')
    const [off, on] = await Promise.all(sides.map((side) => viewOf(lab.of(id, attack, side))))
    const view = (
      <AttackPage
        frame={{ ...frameOf(c, demo), path: '/lab' }}
        attack={attack}
        prediction={lab.prediction(id, attack)}
        runs={{ off, on }}
        excerpts={excerpts.get(attack) ?? []}
        now={demo.clock()}
      />
    )
    return page(c, view)
  })

  routes.post('/lab/:attack/predict', async (c) => {
    const attack = attackOf(c)
    const answer = (await readForm(c))('answer')
    if (answer === '0' || answer === '1') lab.predict(c.get('viewer').id, attack, answer === '0' ? 0 : 1)
    return c.redirect(`/lab/${attack.name}#off`, 303)
  })

  routes.post('/lab/:attack/:side/start', async (c) => {
    const place = hereOf(c)
    const [attack, side] = [attackOf(c), sideOf(c)]
    return proceed(c, await lab.start(attack, { side, viewerId: c.get('viewer').id, place }))
  })

  routes.post('/lab/:attack/:side/next', (c) => {
    const run = lab.of(c.get('viewer').id, attackOf(c), sideOf(c))
    if (!run)
      throw new HTTPException(404, { message: 'This run is over: each lasts for a few minutes. Start it again.' })
    return proceed(c, run)
  })

  async function proceed(c: DemoContext, run: Run) {
    const { attack, side, path } = run
    const step = attack.steps[run.done]
    // The visitor's own browser goes on to the cloakroom, with the same method.
    if (step?.posts) return c.redirect(`${path}/${step.posts.action}`, 307)
    if (step?.play && !run.isPlaying) {
      run.isPlaying = true
      try {
        await playing.run(run.viewerId, () => step.play!(run))
      } catch (error) {
        if (!(error instanceof TooBusy)) throw error
        c.header('Retry-After', String(error.retryAfter))
        throw new HTTPException(503, {
          message: 'Many others are trying attacks at this moment. Try again in a moment.',
        })
      } finally {
        run.isPlaying = false
      }
      await run.advance()
      if (run.plants) {
        const where = side === 'off' ? path : `/${run.place.origin.startsWith('https:') ? '; Secure' : ''}`
        c.header('Set-Cookie', `${run.plants}; Path=${where}`, { append: true })
      }
      run.plants = undefined
    }
    return c.redirect(`/lab/${attack.name}#${side}`, 303)
  }

  /** What is left of runs that are over: coatcheck's cookies go along with every request of this host. */
  function clearTickets(c: DemoContext, { origin }: Place): void {
    const { id } = c.get('viewer')
    for (const attack of attacks) {
      const run = lab.of(id, attack, 'on')
      const name = cookieNameAt(origin, `lab-${attack.name}`)
      if (getCookie(c, name) === undefined || (run && !run.verdict)) continue
      deleteCookie(c, name, { path: '/', secure: origin.startsWith('https:') })
    }
  }

  function hereOf(c: DemoContext): Place {
    const place = placeOf(c, demo.isSecure(c))
    if (!place) {
      throw new HTTPException(421, {
        message: 'The attack lab works only on the machine that it runs on: open it as localhost.',
      })
    }
    return place
  }

  return routes.route('/', cloakroomRoutes(demo, lab))
}

function attackOf(c: DemoContext): Attack {
  const attack = attacks.find(({ name }) => name === c.req.param('attack'))
  if (!attack) throw new HTTPException(404, { message: 'There is no such attack in the lab.' })
  return attack
}

function sideOf(c: DemoContext): Side {
  const side = sides.find((each) => each === c.req.param('side'))
  if (!side) throw new HTTPException(404, { message: 'A run is without the defence, or with it.' })
  return side
}

/** A run with what its sessions hold now. */
async function viewOf(run: Run | undefined): Promise<RunView | undefined> {
  if (!run) return undefined
  const rooms = run.rooms.map(async (room) => ({ room, kept: await room.kept(), ways: await givenAway(room) }))
  return { run, rooms: await Promise.all(rooms) }
}
