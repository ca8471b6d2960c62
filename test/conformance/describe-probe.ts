import type { Description } from 'coatcheck/conformance'
import { password, secondFactor } from './probe/accounts.ts'
import { documented } from './probe/configuration.ts'
import type { Probe } from './probe/probe.ts'

/** Our application, as the runner is told of any server. */
export function describeProbe(
  { baseUrl, plainUrl, trustedUrl, untrustedUrl }: Probe,
  more: { readonly name: string; readonly storeDirectory?: string | undefined },
): Description {
  const { storeDirectory, name } = more
  return {
    name,
    baseUrl,
    plainUrl,
    proxy: { trustedUrl, untrustedUrl },
    users: {
      first: { name: 'alice', password },
      second: { name: 'bob', password },
      many: { name: 'user-{n}', password },
      withSecondFactor: { name: 'carol', password, code: secondFactor },
      admin: { name: 'admin', password },
    },
    routes: {
      page: { path: '/' },
      anonymousWrite: { method: 'POST', path: '/anon' },
      signIn: { path: '/login', form: { user: '{user}', password: '{password}' } },
      secondFactor: { path: '/mfa', form: { code: '{code}' } },
      signOut: { method: 'POST', path: '/logout' },
      failingSignOut: { method: 'POST', path: '/logout-and-fail' },
      reauthenticate: { path: '/reauth', form: { password: '{password}' } },
      changePassword: { path: '/password', form: { password: '{password}' } },
      changeRole: { method: 'POST', path: '/role' },
      forgotPassword: { path: '/forgot', form: { user: '{user}' } },
      whoAmI: { path: '/me' },
      readValue: { path: '/kv/{key}' },
      writeValue: { path: '/kv/{key}', form: { value: '{value}' } },
      jsonWrite: { path: '/json/{key}', json: { value: '{value}' } },
      slowWrite: { path: '/slow', form: { ms: '{milliseconds}' } },
      listSessions: { path: '/sessions', pattern: '"handle":"([^"]+)"' },
      revokeSession: { method: 'DELETE', path: '/sessions/{handle}' },
      adminRevoke: { path: '/admin/revoke', form: { user: '{user}' } },
      disableUser: { path: '/admin/disable', form: { user: '{user}' } },
      sensitiveChange: { method: 'POST', path: '/email' },
      csrfToken: { path: '/csrf' },
      webSocket: { path: '/socket' },
      otherApplication: { path: '/other/me' },
      configure: { path: '/__configure', json: '{settings}' },
      configuration: { path: '/__configuration' },
      dump: { path: '/__dump' },
      log: { path: '/__log' },
      breakStore: { method: 'POST', path: '/__break' },
      mendStore: { method: 'POST', path: '/__mend' },
      rotateKeys: { method: 'POST', path: '/__rotate-keys' },
      retireKeys: { method: 'POST', path: '/__retire-keys' },
      forgeRecord: { method: 'POST', path: '/__forge' },
      corrupt: { path: '/__corrupt', form: { kind: '{value}' } },
    },
    csrf: { header: 'x-csrf-token', needed: 'without-origin' },
    clockHeader: 'X-Test-Clock',
    addressHeader: 'X-Test-Address',
    otherCookieName: '__Host-other',
    binding: 'step-up',
    limits: documented,
    documentation: {
      file: 'SECURITY.md',
      says: ['30 minutes idle, 12 hours absolute', 'rotation every 15 minutes', 'NIST SP 800-63B-4'],
    },
    processId: process.pid,
    idSources: ['src/core/ticket.ts', 'src/core/creation.ts'],
    ...(storeDirectory !== undefined && { storeDirectory }),
    elsewhere: {
      'store.fs': 'test/conformance/file.test.ts and test/http/hostile-files.test.ts, on the file store',
    },
  }
}
