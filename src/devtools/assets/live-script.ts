import { panelHeader } from '../recorder.ts'

/**
 * Keeps a page's panels up to date. All tabs of a browser share one stream: the one that holds the lock listens and tells the
 * others, as a browser opens no more than six connections to a host (HTTP/1.1). What changed is asked for as a page, so that there is one way to make HTML.
 */
export const liveScript: string = `;(() => {
  const bar = document.querySelector('[data-live-stream]')
  const state = bar?.querySelector('[data-live-state]')
  const pause = bar?.querySelector('[data-live-pause]')
  const address = bar?.dataset.liveStream
  const longHidden = 60_000
  const again = 2_000

  let isPaused = false
  let isLate = false
  let leaving
  let asking
  // A form or a link that is under way: to load this page again would cancel it.
  let isGoing = false
  let staying
  let news = ''
  let soon

  const channel = new BroadcastChannel('coatcheck ' + address)
  channel.onmessage = ({ data }) => hear(data)

  function show(text, isLive) {
    if (state.textContent !== text) state.textContent = text
    state.toggleAttribute('data-is-live', isLive)
  }

  // To this tab and all others.
  function tell(data) {
    channel.postMessage(data)
    hear(data)
  }

  function hear({ kind, text }) {
    if (isPaused) return
    if (kind === 'state') return show(text, text === 'Live')
    if (kind === 'ask') return leaving?.lead?.()
    news = text
    clearTimeout(soon)
    soon = setTimeout(refresh, 150)
  }

  function listen() {
    if (leaving || isPaused) return
    leaving = new AbortController()
    const { signal } = leaving
    if (!navigator.locks) {
      const timer = setInterval(refresh, 2 * again)
      signal.addEventListener('abort', () => clearInterval(timer))
      return show('Live, asking every few seconds', true)
    }
    const name = 'coatcheck ' + address
    navigator.locks.request(name, { signal }, () => lead(signal)).catch(() => {})
    // Whoever leads says how things stand.
    channel.postMessage({ kind: 'ask' })
  }

  function lead(signal) {
    return new Promise((resolve) => {
      let source
      let later
      let wasOpen = false
      const open = () => {
        source = new EventSource(address)
        source.onopen = () => {
          tell({ kind: 'state', text: 'Live' })
          // What happened while nobody listened.
          if (wasOpen) tell({ kind: 'news', text: '' })
          wasOpen = true
        }
        source.onmessage = ({ data }) => tell({ kind: 'news', text: JSON.parse(data) })
        source.onerror = () => {
          tell({ kind: 'state', text: 'Reconnecting' })
          // After an answer that is no stream a browser does not try again by itself.
          if (source.readyState !== EventSource.CLOSED) return
        later = setTimeout(() => {
          // A server that was started anew knows this browser again once it has asked for the page.
          refresh()
          later = setTimeout(open, 500)
        }, again)
        }
      }
      if (leaving) leaving.lead = () => source.readyState === EventSource.OPEN && channel.postMessage({ kind: 'state', text: 'Live' })
      signal.addEventListener('abort', () => {
        clearTimeout(later)
        source.close()
        resolve()
      })
      open()
    })
  }

  function leave() {
    leaving?.abort()
    leaving = undefined
  }

  function refresh() {
    if (isPaused) return
    if (document.hidden || asking || isGoing) {
      isLate = true
      return
    }
    isLate = false
    asking = new XMLHttpRequest()
    asking.open('GET', location.href.split('#')[0])
    asking.responseType = 'document'
    asking.setRequestHeader('${panelHeader}', '1')
    asking.onloadend = () => {
      const { status, response, responseURL } = asking
      asking = undefined
      if (status >= 200 && status < 300 && response) {
        // Logged out elsewhere: this page is another one now.
        if (new URL(responseURL).pathname !== location.pathname) return isGoing || location.reload()
        replace(response)
      }
      if (isLate) refresh()
    }
    asking.send()
  }

  function replace(page) {
    for (const panel of document.querySelectorAll('[data-live]')) {
      const fresh = page.getElementById(panel.id)
      if (!fresh) continue
      const copy = document.importNode(fresh, true)
      const open = new Set([...panel.querySelectorAll('details[open][id]')].map(({ id }) => id))
      for (const each of copy.querySelectorAll('details[id]')) each.open = open.has(each.id)
      const hadFocus = panel.contains(document.activeElement) ? document.activeElement : undefined
      const place = hadFocus ? [...panel.querySelectorAll('[tabindex], a, button, summary')].indexOf(hadFocus) : -1
      panel.replaceChildren(...copy.childNodes)
      if (place >= 0) [...panel.querySelectorAll('[tabindex], a, button, summary')][place]?.focus({ preventScroll: true })
    }
    dispatchEvent(new Event('panels-changed'))
    if (state.hasAttribute('data-is-live')) show(news ? 'Live. ' + news : 'Live', true)
  }

  function setPaused(now) {
    isPaused = now
    pause.textContent = isPaused ? 'Go on' : 'Pause'
    if (isPaused) {
      leave()
      show('Paused', false)
    } else {
      show('Connecting', false)
      listen()
      refresh()
    }
  }

  if (bar) {
    pause.hidden = false
    pause.onclick = () => setPaused(!isPaused)
    let hiding
    document.addEventListener('visibilitychange', () => {
      clearTimeout(hiding)
      if (document.hidden) hiding = setTimeout(() => leave((isLate = true)), longHidden)
      else {
        listen()
        if (isLate) refresh()
      }
    })
    const stay = () => {
      isGoing = false
      if (isLate) refresh()
    }
    addEventListener('beforeunload', () => {
      isGoing = true
      clearTimeout(staying)
      // A download, or an answer without content, leaves this page where it is.
      staying = setTimeout(stay, 30_000)
    })
    addEventListener('pagehide', leave)
    addEventListener('pageshow', ({ persisted }) => {
      if (!persisted) return
      listen()
      stay()
    })
    show('Connecting', false)
    listen()
    // The answer to the page itself was on its way when the page was made.
    refresh()
  }
})()
`
