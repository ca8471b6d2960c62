/** Shows times in the reader's own zone, and counts down what is left. For any page with the panels' times in it. */
export const timesScript: string = `;(() => {
  // The server writes times in UTC; here they are shown in the reader's own zone.
  // Time left is what the server counted when it made the page, minus what has passed since on this clock alone:
  // the two clocks need not agree.
  const firstSeen = new WeakMap()

  function showTimes() {
    for (const time of document.querySelectorAll('time[data-local]')) {
      if (firstSeen.has(time)) continue
      firstSeen.set(time, performance.now())
      time.title = time.textContent
      time.textContent = new Date(time.dateTime).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })
    }
    for (const element of document.querySelectorAll('[data-seconds-left]')) {
      if (!firstSeen.has(element)) firstSeen.set(element, performance.now())
      const passed = (performance.now() - firstSeen.get(element)) / 1000
      const left = Math.max(0, Math.round(Number(element.dataset.secondsLeft) - passed))
      element.textContent = left === 0 ? 'over' : inWords(left)
      // WCAG 2.2.1: two minutes before the end there is a warning with a simple way to go on.
      const warning = document.getElementById(element.dataset.warning)
      if (warning) warning.hidden = left > 120
    }
  }

  function inWords(seconds) {
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
    return hours > 0 ? hours + ' h ' + minutes + ' min' : minutes > 0 ? minutes + ' min ' + (seconds % 60) + ' s' : seconds + ' s'
  }

  showTimes()
  setInterval(showTimes, 1000)
  addEventListener('panels-changed', showTimes)
})()
`
