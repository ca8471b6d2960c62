import type { MaybePromise } from './store.ts'

/** A promise of whichever realm or library. */
export function isPromise<T>(answer: MaybePromise<T>): answer is Promise<T> {
  return typeof (answer as { then?: unknown } | undefined)?.then === 'function'
}

/** `value`, then `next`; no promise where none is needed. */
export function andThen<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return isPromise(value) ? value.then(next) : next(value)
}

/** The answer of `call`; a rejection where it throws, so that a caller meets errors in one way only. */
export function answer<T>(call: () => MaybePromise<T>): MaybePromise<T> {
  try {
    return call()
  } catch (error) {
    return Promise.reject(error)
  }
}
