import { setTimeout as sleep } from 'node:timers/promises'

export type Operation = 'read' | 'write' | 'destroy'

/** What is wrong with a store: calls of one operation, or all, fail, take longer or are never answered. */
export interface Fault {
  readonly kind: 'fail' | 'delay' | 'freeze'
  readonly operation?: Operation
  readonly delayMs?: number
}

export class Faults {
  current: Fault | undefined

  /** Undefined when nothing is wrong, so that a store without a fault keeps its own timing. */
  before(operation: Operation): Promise<void> | undefined {
    const fault = this.current
    if (!fault || (fault.operation && fault.operation !== operation)) return undefined
    if (fault.kind === 'delay') return sleep(fault.delayMs)
    if (fault.kind === 'fail') return Promise.reject(new Error('the store failed, as the comparison asked it to'))
    return new Promise(() => {})
  }
}

type CallbackStore = Record<string, (...args: unknown[]) => unknown>

/** Puts faults into a store of express-session's kind: `get`, `set` and `destroy`, each with a callback at the end. */
export function breakCallbacks(store: object, faults: Faults): void {
  const methods = { get: 'read', set: 'write', destroy: 'destroy' } as const
  for (const [name, operation] of Object.entries(methods)) {
    const original = (store as CallbackStore)[name]!.bind(store)
    ;(store as CallbackStore)[name] = (...args) => {
      const waiting = faults.before(operation)
      if (!waiting) return original(...args)
      const callback = args.at(-1) as (error: unknown) => void
      waiting.then(() => original(...args), callback)
    }
  }
}
