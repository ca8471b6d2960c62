import type { Application } from './application.ts'
import { inParallel } from './in-parallel.ts'

/** That many session cookies' values, each of a visitor of its own: anonymous ones where there is a route that makes them. */
export async function manyTickets(application: Application, count: number): Promise<string[]> {
  await application.sessionCookieName()
  const tickets: string[] = []
  await inParallel(count, 32, async () => {
    const visitor = application.has('anonymousWrite') ? application.visitor() : await application.signedIn()
    if (application.has('anonymousWrite')) await visitor.ask('anonymousWrite')
    const value = await visitor.ticket()
    if (!value) throw new Error('a visitor for whom something is stored got no session cookie')
    tickets.push(value)
  })
  return tickets
}
