// First of all: from here on, koffi is not installed.
import './without-koffi.mjs'
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { inFiles } from './files-kind.ts'
import { shares } from './sharing.ts'

shares({ ...inFiles, title: 'in files, without koffi', imports: ['without-koffi.mjs'], times: 60 })

it('has no koffi', () => assert.rejects(import('koffi'), /not installed/))
