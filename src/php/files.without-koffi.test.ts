// All of it once more, where koffi is not installed. That comes first.
import '../../test/php/save-handlers/without-koffi.mjs'
import './files.test.ts'
