import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formsOf } from './html.ts'

describe('the forms of a page', () => {
  it('are read with their hidden and prefilled fields, decoded, in order', () => {
    const page = `<!DOCTYPE html><body><FORM METHOD=Post ACTION='/login?a=1&amp;b=2'>
      <input type=hidden name=csrf value="a&quot;b&#39;c&#x26;&unknown;">
      <label>Name <input name="username" value='ann' required></label>
      <input type="password" name="password" autocomplete="current-password"/>
      <input type=checkbox name=remember><input type=checkbox name=terms checked>
      <button name=go value=1>Log in</button><button name=go value=2>Register</button>
    </FORM>`
    assert.deepEqual(formsOf(page), [
      {
        method: 'POST',
        action: '/login?a=1&b=2',
        fields: [
          ['csrf', 'a"b\'c&&unknown;'],
          ['username', 'ann'],
          ['password', ''],
          ['terms', 'on'],
          ['go', '1'],
        ],
        hasPassword: true,
      },
    ])
  })

  it('are several, and a field may lie outside of its form', () => {
    const page = `<form id=one><input name=a></form><form id=two action=""></form>
      <input form=two name=b type=hidden value=2><input name=nobody's><input form=three name=c>`
    assert.deepEqual(
      formsOf(page).map(({ method, action, fields }) => ({ method, action, fields })),
      [
        { method: 'GET', action: undefined, fields: [['a', '']] },
        { method: 'GET', action: undefined, fields: [['b', '2']] },
      ],
    )
  })

  it('are not what comments, scripts and attributes only look like', () => {
    const page = `<!-- <form action=/no> --><script>document.write('<form action="/no"></form>')</script>
      <form action="/yes" data-x="<form action='/no'>"><input name=a value="1 > 0"></form>`
    assert.deepEqual(
      formsOf(page).map(({ action, fields }) => ({ action, fields })),
      [{ action: '/yes', fields: [['a', '1 > 0']] }],
    )
  })

  it('leave out what a browser would not send', () => {
    const page = `<form><input name=a disabled><input value=1><input type=file name=b><input type=button name=c>
      <input type=radio name=d value=1><input type=radio name=d value=2 checked></form>`
    assert.deepEqual(formsOf(page)[0]?.fields, [['d', '2']])
  })

  it('of a long and broken page are found in no time', () => {
    assert.deepEqual(formsOf('<form '.repeat(20_000)), [])
    assert.deepEqual(formsOf(`<input value="${'x'.repeat(200_000)}`), [])
    assert.deepEqual(formsOf('<!--'.repeat(20_000)), [])
    assert.deepEqual(formsOf('<script>'.repeat(20_000)), [])
  })
})
