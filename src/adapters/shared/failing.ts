const failing: unique symbol = Symbol('coatcheck failing')

interface Marked {
  [failing]?: boolean
}

/** Notes on a request whether it has failed, for every `Sessions` that has a part in it: the error may pass by only one. */
export function setFailing(request: object, isNow: boolean): void {
  ;(request as Marked)[failing] = isNow
}

export function isFailing(request: object): boolean {
  return (request as Marked)[failing] === true
}
