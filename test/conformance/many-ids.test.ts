import { fullScale } from 'coatcheck/conformance'
import { conformanceOf } from './conformance-of.ts'

conformanceOf('memoryStore', { scale: fullScale, only: ['id.entropy128'] })
