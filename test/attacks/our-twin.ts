import { join } from 'node:path'
import { Sessions, type SessionsOptions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { csrf } from 'coatcheck/security/csrf'
import { fileStore } from 'coatcheck/stores/file'
import { Application, type Shop } from './application.ts'
import { type RunOptions, runTwin, type Twin } from './running-twin.ts'
import { storeReader } from './store-reader.ts'
import type { Target } from './target.ts'

/** What the limits are tried with. */
export type OurTwinOptions = RunOptions & Pick<SessionsOptions<Shop>, 'clock' | 'guards' | 'lock' | 'rotation'>

/** The application of the weak twin with coatcheck's sessions: their defaults, and the guard against forged requests. */
export async function ourTwin({ secure = false, ...options }: OurTwinOptions = {}): Promise<Target> {
  const { clock = Date.now, guards = [csrf()] } = options
  const make = (directory: string): Twin => {
    const store = fileStore(join(directory, 'sessions'))
    const sessions = new Sessions<Shop>({ ...options, store, clock, guards })
    const application = new Application(join(directory, 'uploads'))
    const listener = coatcheck(sessions, (request, response) =>
      application.answer(request, response, async (options) => {
        const session = await sessions.open(request, options)
        return {
          get data() {
            return session.data
          },
          get userId() {
            return session.userId
          },
          get role() {
            return session.data.role
          },
          signIn(userId, role) {
            session.signIn(userId)
            session.data.role = role
          },
          signOut: () => session.signOut(),
        }
      }),
    )
    return {
      application,
      listener,
      sessionFiles: join(directory, 'sessions'),
      ...storeReader(store, clock),
      async close() {
        await sessions.close()
        await store.close?.()
      },
    }
  }
  return runTwin('our twin', make, { secure })
}
