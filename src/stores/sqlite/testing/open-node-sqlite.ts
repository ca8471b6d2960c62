import { driverNamed } from './drivers.ts'
import { type OpenSpace, removeSpace, spaceOpenedBy } from './open-space.ts'

const openSpace: OpenSpace = spaceOpenedBy(driverNamed('node:sqlite'))
export default openSpace
export { removeSpace as remove }
