import { conformanceOf } from './conformance-of.ts'

// The worst that a server may be started with: what the store makes is its owner's alone all the same.
process.umask(0)

conformanceOf('fileStore')
