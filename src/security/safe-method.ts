/** Whether it should change nothing, and so needs no guarding: RFC 9110 §9.2.1. Methods are case-sensitive. */
export function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'TRACE'
}
