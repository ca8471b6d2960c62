import { createServer } from 'node:http'
import { listening } from '../../subjects/listening.ts'
import type { Serve } from '../server.ts'

export const serve: Serve = async () => listening(createServer((_request, response) => response.end('ok')))
