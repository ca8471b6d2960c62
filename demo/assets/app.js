// A page with private data must not come back by the Back button after logout. Browsers restore pages from the
// back/forward cache without asking the server, `Cache-Control: no-store` or not; so a restored page asks again.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})

// The server writes times in UTC; here they are shown in the reader's own zone.
for (const time of document.querySelectorAll('time[data-local]')) {
  const date = new Date(time.dateTime)
  time.title = time.textContent
  time.textContent = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })
}

// Time left, as the server counted it when it made the page, minus what has passed since on this clock alone:
// the two clocks need not agree.
const countdowns = document.querySelectorAll('[data-seconds-left]')
const made = performance.now()

function countDown() {
  const passed = (performance.now() - made) / 1000
  for (const element of countdowns) {
    const left = Math.max(0, Math.round(Number(element.dataset.secondsLeft) - passed))
    element.textContent = left === 0 ? 'over' : inWords(left)
    warn(element, left)
  }
}

function inWords(seconds) {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}

// WCAG 2.2.1: two minutes before the end there is a warning with a simple way to go on.
function warn(element, left) {
  const warning = document.getElementById(element.dataset.warning)
  if (warning) warning.hidden = left > 120
}

if (countdowns.length > 0) {
  countDown()
  setInterval(countDown, 1000)
}
