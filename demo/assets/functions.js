// A link from the list opens its row, as does the address of one.
function openRow() {
  const row = document.getElementById(location.hash.slice(1))
  const details = row?.querySelector('details')
  if (details) details.open = true
}
addEventListener('hashchange', openRow)
openRow()
