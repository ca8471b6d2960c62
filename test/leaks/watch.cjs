// Loaded by `npm test` into every process of the run, and of what the tests start (NODE_OPTIONS). It changes nothing that they do. It writes
// down which tickets leave in a Set-Cookie, and every long string that leaves in a place where no ticket belongs. When the run
// is over, judge.mjs looks for the first among the second: across processes, as one may print what another one has issued.
// CommonJS: `--require` leaves alone how Node loads a program, which `--import` does not.
const { openSync, writeSync } = require('node:fs')
const http = require('node:http')
const diagnostics = require('node:diagnostics_channel')
const { randomUUID } = require('node:crypto')
const { syncBuiltinESMExports } = require('node:module')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

const folder = process.env.COATCHECK_LEAK_WATCH
const isWatching = Symbol.for('coatcheck: the leak watch')

if (folder && !process[isWatching]) {
  process[isWatching] = true
  const write = writerTo(folder)
  if (write) watch(write)
}

/** Lines go out at once, as most of these processes are killed. Undefined where this process may not write there. */
function writerTo(folder) {
  try {
    const file = openSync(join(folder, `${process.pid}-${randomUUID()}`), 'ax', 0o600)
    return (...fields) => {
      try {
        writeSync(file, `${fields.join('\t')}\n`)
      } catch {
        // A full disk is the run's own trouble, and no reason for what is watched to fail elsewhere.
      }
    }
  } catch {
    return undefined
  }
}

function watch(write) {
  write('process', process.argv[1] ?? '')
  const counts = new Map()
  const known = new Set()

  /** Of a text, only what is long enough to be half a ticket matters, and each such string once. */
  function search(place, value) {
    const count = (counts.get(place) ?? 0) + 1
    counts.set(place, count)
    // What is counted last may be lost with the process.
    if (count === 1 || count % 100 === 0) write('count', place, count)
    const text =
      typeof value === 'string' ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength).latin1Slice()
    if (text.length < 31) return
    for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{31,}/g)) {
      const key = run.length < 200 ? `${place} ${run}` : undefined
      if (key !== undefined && known.has(key)) continue
      if (key !== undefined && known.size < 100_000) known.add(key)
      write('text', place, run.slice(0, 65_536))
    }
  }

  function searchBytes(place, bytes) {
    search(place, bytes)
    search(place, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex'))
  }

  let stacks = 0
  function searchDeeply(place, value, seen = new Set()) {
    if (typeof value === 'string') return search(place, value)
    if (typeof value !== 'object' || value === null || seen.has(value) || seen.size > 1_000) return
    seen.add(value)
    if (ArrayBuffer.isView(value)) return searchBytes(place, value)
    if (value instanceof Error) {
      for (const part of [value.message, value.cause]) searchDeeply(place, part, seen)
      // Source maps make it costly.
      if (stacks++ < 200) searchDeeply(place, value.stack, seen)
    }
    for (const part of partsOf(value)) searchDeeply(place, part, seen)
  }

  const issued = (line) => {
    const ticket = /^[^=;]+=([\w-]{64})(?:;|$)/.exec(line)?.[1]
    if (ticket) write('ticket', ticket)
  }

  watchServers({ search, issued })
  watchLibrary(searchDeeply, () => watchFetch({ search, issued }))
  for (const name of ['stdout', 'stderr']) watchStream(name, search)

  let title = ''
  const lookAtTitle = () => {
    if (process.title === title) return
    title = process.title
    search('process title', title)
  }
  const lookAtProcess = () => {
    lookAtTitle()
    for (const argument of [...process.argv, ...process.execArgv]) search('process arguments', argument)
  }
  lookAtProcess()
  // Before a title that a request has set is changed again.
  diagnostics.subscribe('http.server.response.finish', lookAtTitle)
  process.on('exit', () => {
    lookAtProcess()
    for (const [place, count] of counts) write('count', place, count)
  })
}

function partsOf(value) {
  try {
    const isListed = value instanceof Map || value instanceof Set || Array.isArray(value)
    return isListed ? [...value].flat() : [...Object.keys(value), ...Object.values(value)]
  } catch {
    return [] // a getter that throws
  }
}

function watchServers({ search, issued }) {
  diagnostics.subscribe('http.server.request.start', ({ request }) => {
    search('url', request.url ?? '')
    if (request.headers.referer) search('url', request.headers.referer)
  })
  const { prototype } = http.ServerResponse
  const { writeHead } = prototype
  prototype.writeHead = function (...head) {
    const result = writeHead.apply(this, head)
    const header = String(this._header ?? '')
    for (const [, line] of header.matchAll(/^set-cookie: (.*)$/gim)) issued(line)
    search('response header', header.replaceAll(/^set-cookie: .*$/gim, ''))
    return result
  }
  for (const method of ['write', 'end']) {
    const original = prototype[method]
    prototype[method] = function (...body) {
      if (typeof body[0] === 'string' || ArrayBuffer.isView(body[0])) search('response body', body[0])
      return original.apply(this, body)
    }
  }
}

/** This loads Node’s fetch, which takes a moment: so only in a process that has the library. */
function watchFetch({ search, issued }) {
  const { Headers, Response } = globalThis
  for (const method of ['append', 'set']) {
    const original = Headers.prototype[method]
    Headers.prototype[method] = function (name, value, ...rest) {
      if (String(name).toLowerCase() === 'set-cookie') issued(String(value))
      return original.call(this, name, value, ...rest)
    }
  }
  const { text } = Response.prototype
  Response.prototype.text = function () {
    const reading = text.call(this)
    reading.then(
      (body) => search('response body', body),
      () => {},
    )
    return reading
  }
}

/** Listens to every channel of the library from the moment that it makes it, and to every error that it makes. */
function watchLibrary(searchDeeply, onLoad) {
  const listened = new Set()
  const { channel, subscribe } = diagnostics
  diagnostics.channel = (name) => {
    const made = channel(name)
    if (String(name).startsWith('coatcheck:') && !listened.has(name)) {
      listened.add(name)
      subscribe(name, (message) => searchDeeply('event', message))
      if (listened.size > 1) return made
      watchErrors(searchDeeply, new Error().stack)
      onLoad()
    }
    return made
  }
  syncBuiltinESMExports()
}

/** `super()` asks a class for its parent each time: one put in between sees every error of that class. */
function watchErrors(searchDeeply, stack) {
  const [, path] = /((?:file:\/\/)?[^\s()]+\/core\/)events\.[jt]s/.exec(stack) ?? []
  const extension = /events(\.[jt]s)/.exec(stack)?.[1]
  if (path === undefined) return
  const url = path.startsWith('file:') ? `${path}errors${extension}` : pathToFileURL(`${path}errors${extension}`).href
  import(url).then(
    (errors) => {
      for (const kind of Object.values(errors)) {
        if (typeof kind !== 'function' || Object.getPrototypeOf(kind) !== Error) continue
        const watched = function (...given) {
          const error = Reflect.construct(Error, given, new.target)
          searchDeeply('error', error)
          return error
        }
        Object.setPrototypeOf(watched, Error)
        Object.setPrototypeOf(kind, watched)
      }
    },
    () => {},
  )
}

/** Streams are made when they are asked for first, and stay so. */
function watchStream(name, search) {
  const lazy = Object.getOwnPropertyDescriptor(process, name)
  if (!lazy?.get || !lazy.configurable) return
  let isAdopted = false
  Object.defineProperty(process, name, {
    ...lazy,
    get() {
      const stream = lazy.get.call(process)
      if (!isAdopted) {
        isAdopted = true
        const { write } = stream
        stream.write = function (...output) {
          if (typeof output[0] === 'string' || ArrayBuffer.isView(output[0])) search(name, output[0])
          return write.apply(this, output)
        }
      }
      return stream
    },
  })
}
