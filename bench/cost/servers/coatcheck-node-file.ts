import { fileStore } from 'coatcheck/stores/file'
import type { Serve } from '../server.ts'
import { serveNode } from './coatcheck-node.ts'

export const serve: Serve = (directory) => serveNode(fileStore(directory))
