import { memoryStore } from 'coatcheck/stores/memory'
import type { Serve } from '../server.ts'
import { serveNode } from './coatcheck-node.ts'

export const serve: Serve = () => serveNode(memoryStore())
