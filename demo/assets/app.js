// A page with private data must not come back by the Back button after logout. Browsers restore pages from the
// back/forward cache without asking the server, `Cache-Control: no-store` or not; so a restored page asks again.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})
