import { Sessions, type SessionsOptions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/fetch'
import { memoryStore } from 'coatcheck/stores/memory'
import type { Data } from './routes.ts'

/** What this application tells the library of its sessions; the rest are the library's defaults. */
export const options = {
  rotation: { onReuse: 'revoke' },
  sessionsPerUser: { max: 5, whenFull: 'end-oldest' },
} as const

/** For how long a password is good for what is sensitive. */
export const stepUpSeconds = 600

/** What is documented: the library's defaults, as SECURITY.md has them, and what is chosen above. */
export const documented = {
  idleSeconds: 1_800,
  absoluteSeconds: 43_200,
  rotation: { everySeconds: 900, graceSeconds: 30, onReuse: 'revoke' },
  sessionsPerUser: { max: 5, whenFull: 'end-oldest' },
  stepUpSeconds,
} as const

/** What is configured: the timeouts as a session shows them, not as anyone believes them to be. */
export async function configured({ sessionsPerUser, ...settings }: SessionsOptions<Data>): Promise<unknown> {
  const sessions = new Sessions<Data>({ ...settings, store: memoryStore(), guards: [] })
  const limits: Record<string, number> = {}
  const handle = coatcheck(sessions, async (request) => {
    const session = await sessions.open(request)
    session.signIn('alice')
    await session.save()
    limits.idleSeconds = (session.expiresAt!.getTime() - session.lastSeenAt!.getTime()) / 1000
    limits.absoluteSeconds = (session.absoluteExpiresAt!.getTime() - session.authenticatedAt!.getTime()) / 1000
    return new Response()
  })
  await handle(new Request('https://shop.example/login', { method: 'POST' }))
  return { ...limits, rotation: documented.rotation, sessionsPerUser, stepUpSeconds }
}
