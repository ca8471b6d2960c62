import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import type { Side } from './lab/attack.ts'
import { AttackLab } from './lab/attack-lab.ts'
import { givenAway } from './lab/attacks/csrf.ts'
import { attacks } from './lab/attacks.ts'
import { lifetimeMs, type Room } from './lab/room.ts'
import type { Run } from './lab/run.ts'
import { type Answer, type RunningDemo, runDemo, Visitor } from './running-demo.ts'
import { excerptOf } from './source-lines.ts'

let now = Date.now()
const lab = new AttackLab({ clock: () => now })
let demo: RunningDemo

before(async () => {
  demo = await runDemo({ attackLab: lab, clock: () => now })
})
after(() => demo.stop())

/** A visitor who has opened the attack's page, so that the server can tell them from others. */
async function visitorOf(name: string): Promise<Visitor> {
  const visitor = new Visitor(demo.url)
  assert.equal((await visitor.get(`/lab/${name}`)).status, 200)
  return visitor
}

async function predicting(name: string, answer: '0' | '1' = '0'): Promise<Visitor> {
  const visitor = await visitorOf(name)
  assert.equal((await visitor.post(`/lab/${name}/predict`, { answer })).status, 303)
  return visitor
}

/** Presses a button of the lab. The browser goes on to the cloakroom where it is sent there. */
async function press(visitor: Visitor, address: string): Promise<Answer> {
  const answer = await visitor.post(address)
  return answer.status === 307 ? visitor.post(answer.location ?? '') : answer
}

async function start(visitor: Visitor, name: string, side: Side): Promise<Run> {
  const answer = await press(visitor, `/lab/${name}/${side}/start`)
  assert.equal(answer.status, 303, answer.text)
  return lab.runs.at(-1)!
}

async function next(visitor: Visitor, { attack, side }: Run): Promise<void> {
  assert.equal((await press(visitor, `/lab/${attack.name}/${side}/next`)).status, 303)
}

async function finish(visitor: Visitor, run: Run): Promise<void> {
  const { steps } = run.attack
  for (let before = -1; !run.verdict && !steps[run.done]?.link; ) {
    assert.ok(run.done > before, `"${steps[run.done]?.label}" was done`)
    before = run.done
    await next(visitor, run)
  }
}

/** All the steps that are buttons of the lab. */
async function runAll(name: string, side: Side): Promise<{ run: Run; visitor: Visitor; page: Answer }> {
  const visitor = await visitorOf(name)
  const run = await start(visitor, name, side)
  await finish(visitor, run)
  return { run, visitor, page: await visitor.get(`/lab/${name}`) }
}

const who = async (room: Room): Promise<(string | undefined)[]> => (await room.kept()).map(({ user }) => user)
const sendersOf = ({ evidence }: Run): string[] =>
  evidence.map(
    ({ sender, request }) => `${sender}: ${request.method} ${request.path.split('/').at(-1)} ${request.answer?.status}`,
  )

describe('an attack of the lab, without the defence and with it', () => {
  it('fixation: the planted ticket opens the account, or nothing', async () => {
    for (const side of ['off', 'on'] as const) {
      const { run, visitor, page } = await runAll('fixation', side)
      const planted = run.notes.get('cookie')!
      assert.equal(await run.room.holderOf(planted), side === 'off' ? 'alice' : undefined)
      assert.deepEqual(await who(run.room), ['alice'], 'the umbrella and the login are in one record')
      assert.match(JSON.stringify(await run.room.kept()), /an umbrella/)
      assert.equal(
        visitor.jar.list().some(({ name, value }) => `${name}=${value}` === planted),
        side === 'off',
      )
      assert.deepEqual(sendersOf(run), [
        'attacker: POST hang 303',
        'you: POST login 303',
        `attacker: GET account ${side === 'off' ? 200 : 401}`,
      ])
      assert.match(page.text, side === 'off' ? /The attack succeeded/ : /The attack failed/)
    }
  })

  it('theft: a copy of the ticket outlives the logout, or ends with it', async () => {
    for (const side of ['off', 'on'] as const) {
      const { run, page } = await runAll('theft', side)
      const ticket = run.notes.get('ticket')!
      assert.equal(await run.room.holderOf(ticket), side === 'off' ? 'alice' : undefined)
      assert.deepEqual(await who(run.room), side === 'off' ? ['alice'] : [])
      assert.deepEqual(sendersOf(run), [
        'you: POST login 303',
        'thief: GET account 200',
        'you: POST logout 303',
        `thief: GET account ${side === 'off' ? 200 : 401}`,
      ])
      assert.ok(page.text.includes(`curl -i -b '${ticket}' ${demo.url}${run.path}/account`))
    }
  })

  it('theft: what curl sends by hand is seen in the run', async () => {
    const { run, visitor } = await runAll('theft', 'off')
    const answer = await fetch(`${demo.url}${run.path}/account`, { headers: { cookie: run.notes.get('ticket')! } })
    assert.match(await answer.text(), /a mink coat/)
    assert.equal(sendersOf(run).at(-1), 'someone else: GET account 200')
    assert.match((await visitor.get('/lab/theft')).text, /Another client: a second browser, or curl/)
  })

  it('a forged request gives the coat away, or not', async () => {
    // As browsers send it: without the cookies that stay at home. The test in Chromium leaves that to the browser.
    const forge = async (run: Run, cookies: readonly string[]) => {
      const headers = { cookie: cookies.join('; '), origin: 'http://evil.localhost', 'sec-fetch-site': 'cross-site' }
      const body = new URLSearchParams({ to: 'Mallory' })
      return (await fetch(`${demo.url}${run.path}/give`, { method: 'POST', headers, body })).status
    }
    const ticketsOf = (visitor: Visitor, run: Run) =>
      visitor.jar
        .list()
        .flatMap(({ name, value }) =>
          run.rooms.some(({ cookieName }) => cookieName === name) ? [`${name}=${value}`] : [],
        )
    const weak = await runAll('csrf', 'off')
    assert.equal(await forge(weak.run, ticketsOf(weak.visitor, weak.run)), 200)
    const ways = await Promise.all(weak.run.rooms.map((room) => givenAway(room)))
    assert.deepEqual(
      ways.map((each) => each.join()),
      ['POST', 'POST', 'POST', 'POST', '', ''],
      'with all cookies along, only the two checks hold',
    )
    assert.equal(weak.run.verdict?.succeeded, true)

    const ours = await runAll('csrf', 'on')
    assert.equal(await forge(ours.run, ticketsOf(ours.visitor, ours.run)), 403)
    assert.deepEqual(await givenAway(ours.run.room), [])
    assert.equal(ours.run.verdict?.succeeded, false)
  })

  it('the owner’s own form is taken by each of the sessions that look at it', async () => {
    for (const side of ['off', 'on'] as const) {
      const { run, visitor } = await runAll('csrf', side)
      const account = await visitor.get(`${run.path}/account`)
      const token = /name="token" value="([\w-]+)"/.exec(account.html)?.[1] ?? ''
      assert.equal((await visitor.post(`${run.path}/give`, { to: 'Bob', token })).status, 200)
      for (const room of run.rooms) assert.match(JSON.stringify(await room.kept()), /to Bob by POST/, room.name)
      assert.equal(run.verdict, undefined, 'that was no attack')
    }
  })

  it('guessing: an ID of 16 bits is found, a ticket is not', async () => {
    const weak = await runAll('guessing', 'off')
    assert.match(weak.run.notes.get('hit') ?? '', /^visitor \d+$/)
    assert.equal(weak.run.evidence.length, 0, 'no requests are sent')
    const ours = await runAll('guessing', 'on')
    assert.equal((await ours.run.room.kept()).length, 50)
    assert.equal(ours.run.notes.get('hit'), undefined)
    assert.ok(Number(ours.run.notes.get('tries')) > 0)
    assert.match(ours.page.text, /computed.*10[⁰¹²³⁴⁵⁶⁷⁸⁹]+ years on average/)
  })

  it('two tabs at once: one change is lost, or both are kept', async () => {
    for (const side of ['off', 'on'] as const) {
      const { run } = await runAll('lost-update', side)
      const [alice] = await run.room.kept()
      const kept = ['hat', 'scarf'].filter((what) => alice?.data.includes(what))
      assert.equal(kept.length, side === 'off' ? 1 : 2, alice?.data)
      assert.deepEqual(sendersOf(run), ['browser: POST login 303', 'tab 1: POST hang 303', 'tab 2: POST hang 303'])
    }
  })

  it('a slow request brings the session back after a logout, or is refused', async () => {
    for (const side of ['off', 'on'] as const) {
      const { run } = await runAll('logout-undone', side)
      assert.equal(run.notes.get('between'), '', 'the logout ended the session')
      assert.equal(await run.room.holderOf(run.notes.get('cookie')!), side === 'off' ? 'alice' : undefined)
      assert.deepEqual(await who(run.room), side === 'off' ? ['alice'] : [])
      assert.deepEqual(sendersOf(run), [
        'browser: POST login 303',
        `tab 1: POST hang ${side === 'off' ? 303 : 409}`,
        'tab 2: POST logout 303',
        `thief: GET account ${side === 'off' ? 200 : 401}`,
      ])
    }
  })

  it('back: a browser that asks again gets the login, and only a page from before the logout counts as seen', async () => {
    const { run, visitor } = await runAll('back', 'off')
    const { html, headers } = await visitor.get(`${run.path}/account`)
    assert.equal(headers.get('cache-control'), null, 'it is as many pages are')
    assert.doesNotMatch(html, /<script/)
    const proof = /name="proof" value="([\w-]+)"/.exec(html)?.[1] ?? ''
    await visitor.post(`${run.path}/logout`)
    await visitor.post(`${run.path}/seen`, { proof: 'made up' })
    assert.equal(run.done, 2)
    await visitor.post(`${run.path}/seen`, { proof })
    assert.equal(run.verdict?.succeeded, true)

    const ours = await runAll('back', 'on')
    const page = await ours.visitor.get(`${ours.run.path}/account`)
    assert.equal(page.headers.get('cache-control'), 'no-store')
    assert.match(page.html, /<script src="\/assets\/app\.js/)
    await ours.visitor.post(`${ours.run.path}/logout`)
    assert.equal((await ours.visitor.get(`${ours.run.path}/account`)).status, 401)
    assert.equal(ours.run.verdict?.succeeded, false)
  })
})

describe('the lab', () => {
  it('asks for a prediction first, keeps it, and answers it after the run', async () => {
    const early = (await (await visitorOf('theft')).get('/lab/theft')).text
    assert.match(early, /Predict first , then the run begins here/)
    assert.doesNotMatch(early, /Why|Log in as Alice/, 'nothing gives the answer away')
    const visitor = await predicting('theft', '1')
    assert.match(
      (await visitor.get('/lab/theft')).text,
      /You predicted: No, logging out ended it . Now run it, and see/,
    )
    const run = await start(visitor, 'theft', 'off')
    await finish(visitor, run)
    const { text } = await visitor.get('/lab/theft')
    assert.match(text, /What happened: Yes, the copy goes on working/)
    assert.match(
      (await visitor.get('/lab')).text,
      /A stolen ticket .*? Without the defence it succeeded With it not run yet/,
    )
    assert.doesNotMatch((await (await visitorOf('theft')).get('/lab/theft')).text, /You predicted/)
  })

  it('shows the lines of this very source that did it, for each attack', async () => {
    for (const attack of attacks) {
      const { text } = await (await predicting(attack.name)).get(`/lab/${attack.name}`)
      assert.ok(attack.lines.length > 0)
      for (const line of attack.lines) {
        const excerpt = excerptOf(line)
        assert.ok(excerpt, `${line.path} has no lines from "${line.first}" to "${line.last}"`)
        assert.ok(text.includes(excerpt.place))
        assert.ok(excerpt.text.split('\n').length <= 40, excerpt.place)
      }
    }
  })

  it('leaves the visitor’s login alone, and no ticket of it is ever whole on a page', async () => {
    const visitor = new Visitor(demo.url)
    await visitor.login('alice', 'password')
    const session = visitor.sessionCookie!
    for (const { name } of attacks) {
      for (const side of ['off', 'on'] as const) {
        const run = await start(visitor, name, side)
        await finish(visitor, run)
      }
      const { html } = await visitor.get(`/lab/${name}`)
      assert.ok(!html.includes(session.split('=')[1]!.slice(0, 12)))
      assert.doesNotMatch(html, /sid-\d+=/, 'nor a part of it, in the evidence')
    }
    assert.equal(visitor.sessionCookie, session)
    assert.match((await visitor.get('/dashboard')).text, /Welcome, Alice!/)
  })

  it('is over in a quarter of an hour, and keeps a bounded number of runs', async () => {
    const visitor = await visitorOf('theft')
    const run = await start(visitor, 'theft', 'off')
    assert.equal((await visitor.get(`${run.path}/account`)).status, 200)
    now += lifetimeMs
    assert.equal((await visitor.get(`${run.path}/account`)).status, 404)
    assert.match((await visitor.get('/lab/theft')).text, /Predict first/)

    const small = new AttackLab({ clock: () => now, maxRuns: 3 })
    const { place } = run
    for (let number = 0; number < 5; number++) {
      await small.start(run.attack, { side: 'off', viewerId: String(number), place })
      await small.start(run.attack, { side: 'off', viewerId: String(number), place })
    }
    assert.deepEqual(
      small.runs.map(({ viewerId }) => viewerId),
      ['2', '3', '4'],
    )
    await small.close()
  })

  it('does a step once, however often its button is pressed meanwhile', async () => {
    const visitor = await visitorOf('theft')
    const run = await start(visitor, 'theft', 'off')
    await Promise.all([1, 2, 3].map(() => visitor.post('/lab/theft/off/next')))
    assert.equal(run.done, 2)
    assert.deepEqual(sendersOf(run), ['you: POST login 303', 'thief: GET account 200'])
  })

  it('takes its tickets back when a run is over', async () => {
    const { visitor } = await runAll('csrf', 'on')
    const ofTheLab = () => visitor.jar.list().filter(({ name }) => name.startsWith('lab-'))
    assert.equal(ofTheLab().length, 1, 'it goes on')
    now += lifetimeMs
    await visitor.get('/lab')
    assert.deepEqual(ofTheLab(), [])
  })

  it('one visitor can’t go on with, or see, another one’s run', async () => {
    const run = await start(await visitorOf('theft'), 'theft', 'off')
    const stranger = await visitorOf('theft')
    assert.equal((await stranger.post('/lab/theft/off/next')).status, 404)
    assert.ok(!(await stranger.get('/lab/theft')).html.includes(run.id))
  })

  it('takes no forged request itself', async () => {
    const visitor = await visitorOf('theft')
    const headers = { origin: 'http://evil.localhost' }
    for (const address of ['/lab/theft/predict', '/lab/theft/off/start', '/lab/theft/off/next'])
      assert.equal((await visitor.post(address, {}, headers)).status, 403, address)
  })
})

describe('under another name', () => {
  /** With a Host header of one's choice, which fetch does not send. */
  const ask = (
    host: string,
    path: string,
    method = 'GET',
  ): Promise<{ status: number; text: string; headers: object }> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(demo.url)
      const asking = request(
        { host: '127.0.0.1', port, path, method, headers: { host: `${host}:${port}` } },
        (response) => {
          let text = ''
          response.on('data', (chunk) => (text += chunk))
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }))
        },
      )
      asking.on('error', reject).end()
    })

  it('evil.localhost serves its page, its style, and nothing of the demo', async () => {
    const { run } = await runAll('csrf', 'off')
    const page = await ask('evil.localhost', `/lab/evil/${run.id}`)
    assert.equal(page.status, 200)
    assert.match(page.text, /Claim my prize/)
    const policy = String((page.headers as Record<string, string>)['content-security-policy'])
    assert.match(policy, new RegExp(`form-action ${demo.url};`))
    assert.equal((page.headers as Record<string, string>)['set-cookie'], undefined)
    const style = /href="([^"]+)"/.exec(page.text)?.[1] ?? ''
    assert.equal((await ask('evil.localhost', style)).status, 200)
    for (const path of [
      '/',
      '/login',
      '/dashboard',
      '/lab',
      '/lab/csrf',
      `${run.path}/account`,
      '/assets/app.js',
      '/lab/evil/x',
    ])
      assert.equal((await ask('evil.localhost', path)).status, 404, path)
    assert.equal((await ask('evil.localhost', `${run.path}/give`, 'POST')).status, 404)
    assert.equal(
      (await ask('localhost', `/lab/evil/${run.id}`)).status,
      404,
      'and the demo does not serve the evil page',
    )
  })

  it('the lab and its cloakroom are not to be had', async () => {
    const { run } = await runAll('csrf', 'off')
    for (const path of ['/lab', '/lab/csrf', `${run.path}/account`])
      assert.equal((await ask('shop.example', path)).status, 421, path)
    for (const path of ['/lab/csrf/predict', '/lab/csrf/off/start', '/lab/csrf/off/next', `${run.path}/login`])
      assert.equal((await ask('shop.example', path, 'POST')).status, 421, path)
  })
})
