// Sets, reads and deletes one key of localStorage or sessionStorage. The buttons wait for this script.
document.getElementById('without-script').hidden = true

for (const form of document.querySelectorAll('form[data-storage]')) {
  for (const button of form.querySelectorAll('button')) button.disabled = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    form.querySelector('output').textContent = answer(
      form.dataset.storage,
      event.submitter?.value ?? 'set',
      new FormData(form),
    )
  })
}

function answer(name, action, fields) {
  const key = fields.get('key')
  try {
    const storage = window[name]
    if (action === 'set') storage.setItem(key, fields.get('value'))
    if (action === 'delete') storage.removeItem(key)
    return `${name}.getItem(${JSON.stringify(key)}) is ${JSON.stringify(storage.getItem(key))}`
  } catch (error) {
    // Private windows and blocked cookies make the storage itself throw.
    return `The browser refused: ${error.message}`
  }
}
