import { conformanceOf } from './conformance-of.ts'

conformanceOf('postgresStore')
