/** A small server of one framework, with sessions or without, whose CPU time is measured. */
export interface Server {
  readonly file: string
  readonly title: string
  /** The server that it is measured against: the same framework, without sessions. */
  readonly bare?: string
  readonly packages: readonly string[]
}

/** In the order of the rows. Each bare server comes before those that are measured against it. */
export const servers: readonly Server[] = [
  { file: 'bare-node', title: 'node:http', packages: [] },
  { file: 'coatcheck-node-memory', title: '+ coatcheck memory', bare: 'bare-node', packages: ['coatcheck'] },
  { file: 'coatcheck-node-file', title: '+ coatcheck file', bare: 'bare-node', packages: ['coatcheck'] },
  { file: 'bare-hono', title: 'Hono', packages: ['hono', '@hono/node-server'] },
  { file: 'coatcheck-hono-memory', title: '+ coatcheck memory', bare: 'bare-hono', packages: ['coatcheck'] },
  { file: 'bare-express', title: 'Express', packages: ['express'] },
  {
    file: 'express-session-memory',
    title: '+ express-session memory',
    bare: 'bare-express',
    packages: ['express-session'],
  },
  {
    file: 'express-session-file',
    title: '+ express-session file',
    bare: 'bare-express',
    packages: ['session-file-store'],
  },
  { file: 'bare-fastify', title: 'Fastify', packages: ['fastify'] },
  {
    file: 'fastify-session-memory',
    title: '+ @fastify/session memory',
    bare: 'bare-fastify',
    packages: ['@fastify/session'],
  },
]

/** What each file of cost/servers exports: listens on a free loopback port, and says which. */
export type Serve = (directory: string) => Promise<number>
