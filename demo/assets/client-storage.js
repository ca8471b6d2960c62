// Experiments with localStorage and sessionStorage. The buttons wait for this script.
const find = (selector) => document.querySelector(selector)
find('#without-script').hidden = true
for (const button of document.querySelectorAll('main button')) button.disabled = false

for (const form of document.querySelectorAll('form[data-storage]')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const action = event.submitter?.value ?? 'set'
    form.querySelector('output').textContent = answer(form.dataset.storage, action, new FormData(form))
  })
}

function answer(name, action, fields) {
  const key = fields.get('key')
  return attempt(() => {
    const storage = window[name]
    if (action === 'set') storage.setItem(key, fields.get('value'))
    if (action === 'delete') storage.removeItem(key)
    return `${name}.getItem(${JSON.stringify(key)}) is ${JSON.stringify(storage.getItem(key))}`
  })
}

/** Private windows and blocked cookies make the storage itself throw. */
function attempt(work) {
  try {
    return work()
  } catch (error) {
    return `The browser refused: ${error.message}`
  }
}

// Counts nothing until somebody asks for it; from then on, each time the page is opened.
const counter = 'times-opened'
const counters = [...document.querySelectorAll('[data-counter]')]

function count(by, start) {
  for (const element of counters) {
    element.textContent = attempt(() => {
      const storage = window[element.dataset.counter]
      const times = storage.getItem(counter) ?? (start || localStorage.getItem(counter) ? 0 : undefined)
      if (times === undefined) return '–'
      storage.setItem(counter, Number(times) + by)
      return storage.getItem(counter)
    })
  }
}
count(1, false)

const actions = {
  count: () => {
    if (counters[0].textContent === '–') count(1, true)
  },
  forget: () => {
    for (const element of counters) {
      attempt(() => window[element.dataset.counter].removeItem(counter))
      element.textContent = '–'
    }
  },
  spy: () => {
    const found = attempt(() => [
      ...Object.entries(localStorage).map((entry) => `localStorage: ${entry.join(' = ')}`),
      ...Object.entries(sessionStorage).map((entry) => `sessionStorage: ${entry.join(' = ')}`),
      ...document.cookie
        .split('; ')
        .filter(Boolean)
        .map((pair) => `cookie: ${pair}`),
    ])
    const lines = [found].flat()
    show('#spied', lines.length > 0 ? lines : ['Nothing is there. Set something above, and read again.'])
  },
  fill: () => show('#filled', [attempt(fill)]),
}

for (const button of document.querySelectorAll('[data-do]')) {
  button.addEventListener('click', actions[button.dataset.do])
}

/** Grows one value by ever smaller pieces, as far as they fit in. */
function fill() {
  const key = 'as-much-as-fits'
  let length = 0
  let refusal = 'and refused nothing'
  try {
    for (let piece = 2 ** 22; piece >= 1024; piece /= 2) {
      try {
        localStorage.setItem(key, 'x'.repeat(length + piece))
        length += piece
      } catch (error) {
        refusal = `and refused 1,024 more: ${error.name}`
      }
    }
  } finally {
    localStorage.removeItem(key)
  }
  return `It took ${length.toLocaleString('en')} characters, ${refusal}.`
}

addEventListener('storage', ({ key, oldValue, newValue, storageArea }) => {
  if (storageArea !== localStorage || key === 'as-much-as-fits') return
  const what = key === null ? 'cleared everything' : `changed ${key} from ${quoted(oldValue)} to ${quoted(newValue)}`
  const line = document.createElement('li')
  line.textContent = `${new Date().toLocaleTimeString()}: another tab ${what}`
  const list = find('#told')
  if (!list.dataset.told) list.replaceChildren()
  list.dataset.told = 'yes'
  list.append(line)
  if (list.children.length > 8) list.firstElementChild.remove()
})

function quoted(value) {
  return value === null ? 'nothing' : JSON.stringify(value.slice(0, 80))
}

function show(selector, lines) {
  const paragraphs = lines.slice(0, 30).map((text) => {
    const paragraph = document.createElement('p')
    paragraph.textContent = text.slice(0, 200)
    return paragraph
  })
  find(selector).replaceChildren(...paragraphs)
}
