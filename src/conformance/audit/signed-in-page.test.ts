import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HttpResponse } from '../http/http-response.ts'
import { learnSignedInPage } from './signed-in-page.ts'

function page(status: number, text: string, ...headerLines: string[]): HttpResponse {
  return new HttpResponse({ statusLine: `HTTP/1.1 ${status} X`, headerLines, body: Buffer.from(text) })
}

describe('who is signed in is told', () => {
  it('by the status and by what only their page says, whatever changes by itself', () => {
    const login = page(303, '', 'Location: /login')
    const learnt = learnSignedInPage([login, login], [page(200, 'Hello ann at 10 07'), page(200, 'Hello ann at 10 08')])
    assert.equal(learnt?.shows(page(200, 'Hello ann at 10 09')), true)
    assert.equal(learnt?.shows(page(200, 'Welcome! Log in')), false)
    assert.equal(learnt?.shows(page(500, 'Hello ann at 10 09')), false)
    assert.equal(learnt?.shows(login), false)
  })

  it('by the words alone where the status is the same', () => {
    const anonymous = [page(200, '{"user":null,"time":1}'), page(200, '{"user":null,"time":2}')]
    const learnt = learnSignedInPage(anonymous, [
      page(200, '{"user":"ann","time":3}'),
      page(200, '{"user":"ann","time":4}'),
    ])
    assert.equal(learnt?.shows(page(200, '{"user":"ann","time":5}')), true)
    assert.equal(learnt?.shows(page(200, '{"user":null,"time":5}')), false)
  })

  it('by nothing where the pages are the same, or the login works only now and then', () => {
    const same = page(200, 'Hello')
    assert.equal(learnSignedInPage([same, same], [same, same]), undefined)
    assert.equal(learnSignedInPage([page(401, ''), page(401, '')], [page(200, 'a'), page(401, '')]), undefined)
  })

  it('by the status where the page is empty', () => {
    const learnt = learnSignedInPage([page(401, ''), page(401, '')], [page(204, ''), page(204, '')])
    assert.deepEqual([learnt?.shows(page(204, '')), learnt?.shows(page(401, ''))], [true, false])
  })
})
