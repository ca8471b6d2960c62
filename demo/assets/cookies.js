// What a script sees of each trial cookie: the one thing that the server can't know.
const names = new Set(document.cookie.split('; ').map((pair) => pair.split('=')[0]))

for (const cell of document.querySelectorAll('[data-script-sees]')) {
  const sees = names.has(cell.dataset.scriptSees)
  const word = document.createElement('b')
  word.className = sees ? 'yes' : 'no'
  word.textContent = sees ? 'Yes' : 'No'
  cell.replaceChildren(word)
}
