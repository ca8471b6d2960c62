import type { MaybePromise } from '../../core/store.ts'

/** `value`, then `next`; no promise where none is needed. */
export function andThen<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** The answer of `call`; a rejection where it throws, so that a caller meets errors in one way only. */
export function answer<T>(call: () => MaybePromise<T>): MaybePromise<T> {
  try {
    return call()
  } catch (error) {
    return Promise.reject(error)
  }
}
