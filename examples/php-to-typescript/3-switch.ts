// Step 3 of docs/from-php.md: Node serves everything with sessions of its own, and takes over visitors who still have one of PHP's. In this repository:
//
//   npx tsx examples/php-to-typescript/3-switch.ts      http://localhost:3000/login, alice / correct horse; PORT=… for another port
//
import { Sessions } from 'coatcheck'
import { phpFiles } from 'coatcheck/php/files'
import { fileStore } from 'coatcheck/stores/file'
import { savePath } from './shared-sessions.ts'
import { type Shop, shop } from './shop.ts'
import { listen, port } from './site.ts'
import { takingOver } from './take-over.ts'

const sessions = new Sessions<Shop>({
  store: fileStore('./sessions'),
  initial: () => ({ cart: [], visits: 0 }),
  merge: { cart: 'append', visits: 'sum' },
})
const pages = shop(sessions)
const takeOver = takingOver(phpFiles({ savePath, maxLifetime: '24m' }), sessions, `http://localhost:${port}`)

listen(async (request, response) => {
  try {
    await takeOver(request, response)
  } catch (error) {
    console.error(error)
    response.writeHead(503, { 'retry-after': '1' }).end('Please try again.')
    return
  }
  await pages(request, response)
})
