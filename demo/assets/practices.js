// What a script that got into the page would find: the flag HttpOnly keeps the ticket from it.
const place = document.querySelector('[data-looks-for]')
if (place) {
  const isThere = document.cookie.split('; ').some((pair) => pair.startsWith(`${place.dataset.looksFor}=`))
  place.textContent = isThere
    ? ' But a script of this page can read it!'
    : ' A script of this page has just looked into document.cookie: it is not there.'
}
