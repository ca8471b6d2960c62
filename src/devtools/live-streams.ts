import type { Viewer } from './wire/viewers.ts'

/** How many pages may listen, and how often they hear that there is no news. */
export interface LiveLimits {
  /** Streams of one browser at once. Its tabs share one, so that this many mean something is wrong. Default: 6. */
  readonly perViewer?: number
  /** Of all browsers. Default: 200. */
  readonly inAll?: number
  /** Default: 15,000 ms. */
  readonly heartbeatMs?: number
}

const retryMs = 1_000
/** Several things happen in one request; they are told together. */
const gatherMs = 100
/** Parts that a client has not taken. One that takes none is gone. */
const mostUntaken = 64

/** Server-sent events that say when there is something new to look at. They carry no data of a session: a page that hears of it asks anew. */
export class LiveStreams {
  readonly #streams = new Map<Viewer, Set<LiveStream>>()
  readonly #limits: Required<LiveLimits>
  #count = 0
  #isClosed = false

  constructor({ perViewer = 6, inAll = 200, heartbeatMs = 15_000 }: LiveLimits = {}) {
    this.#limits = { perViewer, inAll, heartbeatMs }
  }

  get size(): number {
    return this.#count
  }

  /** Undefined: there are too many, or the server is stopping. `ended` aborts when the visitor's session ends; `handle` names it. */
  open(viewer: Viewer, { ended, handle }: { ended: AbortSignal; handle: string | undefined }): LiveStream | undefined {
    const { perViewer, inAll, heartbeatMs } = this.#limits
    const streams = this.#streams.get(viewer) ?? new Set()
    if (this.#isClosed || streams.size >= perViewer || this.#count >= inAll) return undefined
    const stream = new LiveStream(handle, heartbeatMs, () => {
      streams.delete(stream)
      this.#count -= 1
      if (streams.size === 0 && this.#streams.get(viewer) === streams) this.#streams.delete(viewer)
    })
    streams.add(stream)
    this.#count += 1
    this.#streams.set(viewer, streams)
    const onEnded = (): void => stream.tell('the session has ended', { isLast: true })
    if (ended.aborted) onEnded()
    else ended.addEventListener('abort', onEnded, { once: true })
    return stream
  }

  /** To all tabs of one browser. `isLast`: its session is another one now, and whoever listens opens a new stream. */
  tell(viewer: Viewer, news: string, options?: { isLast: boolean }): void {
    for (const stream of this.#streams.get(viewer) ?? []) stream.tell(news, options)
  }

  /** To everyone who has that session open. */
  tellOf(handle: string, news: string): void {
    if (this.#count === 0) return
    for (const streams of this.#streams.values()) {
      for (const stream of streams) if (stream.handle === handle) stream.tell(news)
    }
  }

  /** For a server that is told to stop: open responses would keep it. */
  close(): void {
    this.#isClosed = true
    for (const streams of [...this.#streams.values()]) for (const stream of [...streams]) stream.close()
  }
}

/** The body of one response. */
export class LiveStream {
  readonly body: ReadableStream<Uint8Array>
  /** Resolves when it has ended, whoever ended it. */
  readonly closed: Promise<void>
  readonly handle: string | undefined
  readonly #onClose: () => void
  readonly #heartbeat: ReturnType<typeof setInterval>
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #news: string | undefined
  #isLast = false
  #gathering: ReturnType<typeof setTimeout> | undefined

  constructor(handle: string | undefined, heartbeatMs: number, onClose: () => void) {
    this.handle = handle
    let tellClosed = (): void => {}
    this.closed = new Promise((resolve) => {
      tellClosed = resolve
    })
    this.#onClose = () => {
      onClose()
      tellClosed()
    }
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        cancel: () => this.close(),
      },
      { highWaterMark: mostUntaken },
    )
    this.#send(`retry: ${retryMs}\n: live\n\n`)
    // What has no news for long would be cut off by a proxy, and a client that has gone without a word would be kept.
    this.#heartbeat = setInterval(() => this.#send(': still here\n\n'), heartbeatMs)
    this.#heartbeat.unref?.()
  }

  tell(news: string, { isLast = false }: { isLast?: boolean } = {}): void {
    this.#news = news
    this.#isLast ||= isLast
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined
      this.#send(`data: ${JSON.stringify(this.#news)}\n\n`)
      if (this.#isLast) this.close()
    }, gatherMs)
    this.#gathering.unref?.()
  }

  close(): void {
    const controller = this.#controller
    if (!controller) return
    this.#controller = undefined
    clearInterval(this.#heartbeat)
    clearTimeout(this.#gathering)
    this.#onClose()
    try {
      controller.close()
    } catch {
      // The client has gone, and the stream with it.
    }
  }

  #send(text: string): void {
    const controller = this.#controller
    if (!controller) return
    if ((controller.desiredSize ?? 0) <= 0) this.close()
    else controller.enqueue(new TextEncoder().encode(text))
  }
}
