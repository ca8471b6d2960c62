// Step 4 of docs/from-php.md: nothing of PHP remains. In this repository:
//
//   npx tsx examples/php-to-typescript/4-leave.ts      http://localhost:3000/login, alice / correct horse; PORT=… for another port
//
import { Sessions } from 'coatcheck'
import { fileStore } from 'coatcheck/stores/file'
import { type Shop, shop } from './shop.ts'
import { listen } from './site.ts'

const sessions = new Sessions<Shop>({
  store: fileStore('./sessions'),
  initial: () => ({ cart: [], visits: 0 }),
  merge: { cart: 'append', visits: 'sum' },
})

listen(shop(sessions))
