import { configuration } from './configuration.ts'
import { data } from './data.ts'
import { id } from './id.ts'
import type { FunctionGroup } from './session-function.ts'
import { startAndEnd } from './start-and-end.ts'
import { storage } from './storage.ts'

/** All 23 `session_*` functions of the PHP manual. */
export const functionGroups: readonly FunctionGroup[] = [startAndEnd, data, id, configuration, storage]
