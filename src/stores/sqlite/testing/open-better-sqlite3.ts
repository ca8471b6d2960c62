import { driverNamed } from './drivers.ts'
import { type OpenSpace, removeSpace, spaceOpenedBy } from './open-space.ts'

const openSpace: OpenSpace = spaceOpenedBy(driverNamed('better-sqlite3'))
export default openSpace
export { removeSpace as remove }
