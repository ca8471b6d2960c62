import type { RequestListener } from 'node:http'
import type { Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { answer, checkedName, formOf, loginForm, type Pages, plain, redirect, send } from './site.ts'

export interface Shop {
  cart: string[]
  visits: number
}

/** All pages, with sessions of our own. */
export function shop(sessions: Sessions<Shop>): RequestListener {
  const pages: Pages = {
    '/dashboard': async (request, response) => {
      const { userId, data } = await sessions.open(request)
      if (!userId) return redirect(response, '/login')
      data.visits++
      send(response, `Hello, ${plain(userId)}: ${plain(data.cart.join(', '))}`)
    },

    '/login': async (request, response) => {
      if (request.method !== 'POST') return send(response, loginForm)
      const name = await checkedName(request)
      if (!name) return send(response, loginForm, 401)
      const session = await sessions.open(request)
      session.signIn(name)
      redirect(response, '/dashboard')
    },

    '/logout': async (request, response) => {
      const session = await sessions.open(request, { mode: 'shared' })
      session.signOut()
      redirect(response, '/login')
    },

    '/cart': async (request, response) => {
      const { data } = await sessions.open(request)
      if (request.method === 'POST') data.cart.push((await formOf(request)).get('item') ?? 'hat')
      send(response, `In the cart: ${plain(data.cart.join(', '))}`)
    },

    '/visits': async (request, response) => {
      const session = await sessions.open(request)
      const visits = await session.update((data) => ++data.visits)
      send(response, `${plain(session.userId ?? 'somebody')}, visit no. ${visits}`)
    },
  }
  return coatcheck(sessions, (request, response) => answer(pages, request, response))
}
