/** A page of the demo: its address, what links call it, and what it is for. */
export interface Place {
  readonly path: string
  readonly name: string
  readonly about: string
}

/** All the pages, as the end of each page lists them. */
export const siteMap: readonly { readonly title: string; readonly places: readonly Place[] }[] = [
  {
    title: 'Learn',
    places: [
      { path: '/', name: 'How it works', about: 'The idea, in one drawing' },
      { path: '/tour', name: 'Tour', about: 'Six steps, five minutes' },
      { path: '/functions', name: 'Functions', about: 'Each call, in PHP and in TypeScript' },
      { path: '/practices', name: 'Best practices', about: 'And whether this page keeps to them' },
      { path: '/cookies', name: 'Cookies', about: 'The lesson before' },
      { path: '/client-storage', name: 'Client Storage', about: 'The lesson after' },
    ],
  },
  {
    title: 'Your session',
    places: [
      { path: '/login', name: 'Log in', about: 'Get a ticket' },
      { path: '/dashboard', name: 'Dashboard', about: 'Only with a ticket' },
      { path: '/requests', name: 'Requests', about: 'What went over the wire' },
      { path: '/record', name: 'Record', about: 'What the server keeps' },
      { path: '/devices', name: 'Devices', about: 'Where you are logged in' },
    ],
  },
  {
    title: 'Experiments',
    places: [
      { path: '/compare', name: 'Cookie against session', about: 'The same shop, twice' },
      { path: '/lab', name: 'Attack lab', about: 'Seven attacks, with and without a defence' },
    ],
  },
]

/** Those at the top of each page. */
export const mainPlaces: readonly Pick<Place, 'path' | 'name'>[] = [
  { path: '/', name: 'How it works' },
  { path: '/tour', name: 'Tour' },
  { path: '/dashboard', name: 'Dashboard' },
  { path: '/requests', name: 'Requests' },
  { path: '/record', name: 'Record' },
  { path: '/lab', name: 'Attack lab' },
]
