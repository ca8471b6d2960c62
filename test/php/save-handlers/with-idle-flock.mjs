// Loaded first, it gives this process a flock(2) that says yes and locks nothing: the fault that the tests have to find.
import { register } from 'node:module'

const fake = `
export const os = { errno: {} }
export const errno = () => 0
export const load = () => ({ func: () => () => 0 })`
const hook = `
export async function resolve(name, context, next) {
  return name === 'koffi' ? { url: ${JSON.stringify(`data:text/javascript,${encodeURIComponent(fake)}`)}, shortCircuit: true } : next(name, context)
}`
register(`data:text/javascript,${encodeURIComponent(hook)}`)
