import session from 'express-session'
import type { Serve } from '../server.ts'
import { serveExpressSession } from './express-session.ts'

export const serve: Serve = () => serveExpressSession(new session.MemoryStore())
