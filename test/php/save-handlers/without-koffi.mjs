// Loaded first, it makes this process one in which koffi is not installed.
import { register } from 'node:module'

const hook = `
export async function resolve(name, context, next) {
  if (name === 'koffi') throw Object.assign(new Error('koffi is not installed'), { code: 'ERR_MODULE_NOT_FOUND' })
  return next(name, context)
}`
register(`data:text/javascript,${encodeURIComponent(hook)}`)
