/** What is fuzzed, each in a file of its name in `targets/`. */
export const targets = [
  'cookie',
  'record',
  'codec',
  'merge',
  'file',
  'user-file',
  'forwarded',
  'sealed',
  'csrf',
  'device',
] as const

export type TargetName = (typeof targets)[number]

interface KnownFault {
  readonly target: TargetName
  /** The smallest input that shows it. Absent where it takes a process that has run for long, or some versions of Node. */
  readonly input?: string
  /** How it shows. Until it is mended, inputs that fail so are passed over; from then on, the test of this list fails. */
  readonly message: RegExp
}

export const knownFaults: readonly KnownFault[] = []
