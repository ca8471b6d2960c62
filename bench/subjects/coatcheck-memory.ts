import { memoryStore } from 'coatcheck/stores/memory'
import { serveStore } from './coatcheck-served.ts'
import type { Serve } from './subject.ts'

export const serve: Serve = ({ faults }) => serveStore(memoryStore(), faults)
