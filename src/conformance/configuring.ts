import type { Application } from './application.ts'
import { matchesOf } from './route.ts'

/** What a server may be asked to be configured with. Times in seconds. */
export interface Settings {
  readonly name?: string
  readonly domain?: string
  readonly path?: string
  readonly secure?: boolean
  readonly httpOnly?: boolean
  readonly sameSite?: 'Lax' | 'Strict' | 'None'
  readonly partitioned?: boolean
  readonly maxAgeSeconds?: number
  readonly idleSeconds?: number
  readonly absoluteSeconds?: number
  readonly assuranceLevel?: 'aal1' | 'aal2' | 'aal3'
}

export interface Configured {
  readonly outcome: 'accepted' | 'refused' | 'not offered'
  /** Of accepted settings, the Set-Cookie value of a sign-in with them; else the reason. */
  readonly text: string
}

/**
 * Asks the server to make its sessions with these settings, by the test-only route `configure`: 2xx is accepted, 501 that there
 * is no such setting, anything else refused. No setting is as good as a refused one: nobody can choose it.
 */
export async function configure(application: Application, settings: Settings): Promise<Configured> {
  const response = await application.visitor().ask('configure', { settings: JSON.stringify(settings) })
  const text = matchesOf(application.route('configure'), response.text)[0] ?? ''
  if (response.status >= 200 && response.status < 300) return { outcome: 'accepted', text }
  return { outcome: response.status === 501 ? 'not offered' : 'refused', text }
}
