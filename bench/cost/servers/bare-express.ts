import { createServer } from 'node:http'
import express from 'express'
import { listening } from '../../subjects/listening.ts'
import type { Serve } from '../server.ts'

export const serve: Serve = async () => {
  const app = express()
  app.use((_request: unknown, response: { send(text: string): void }) => response.send('ok'))
  return listening(createServer(app))
}
