import bowser from 'bowser'

/** What a User-Agent header says, as far as it says it. */
export interface UserAgent {
  /** The browser's family, such as `Chrome`. */
  readonly browser?: string
  /** Its major version. */
  readonly version?: number
  /** The operating system's family, such as `Windows`. */
  readonly os?: string
  /** `desktop`, `mobile`, `tablet`, `tv` or `bot`. */
  readonly type?: string
}

/** More than any browser sends; what stands behind it is not looked at. */
const longest = 512

// The parser takes a family that it does not know from the header itself: anyone could write anything there.
const browsers = new Set([...Object.values(bowser.BROWSER_MAP), 'Miui', 'Opera Touch'])
const systems = new Set(Object.values(bowser.OS_MAP))
const types = new Set(Object.values(bowser.PLATFORMS_MAP))

/** Empty for a header that is missing, or names nothing that is known. Never throws. */
export function readUserAgent(header: string | undefined): UserAgent {
  const text = header?.slice(0, longest)
  if (!text) return {}
  try {
    const { browser, os, platform } = bowser.parse(text)
    const isKnown = browser.name !== undefined && browsers.has(browser.name)
    const version = isKnown ? majorVersion(browser.version) : undefined
    return {
      ...(isKnown && { browser: browser.name }),
      ...(version !== undefined && { version }),
      ...(os.name !== undefined && systems.has(os.name) && { os: os.name }),
      ...(platform.type !== undefined && types.has(platform.type) && { type: platform.type }),
    }
  } catch {
    return {}
  }
}

function majorVersion(version: string | undefined): number | undefined {
  const digits = /^\d{1,4}(?!\d)/.exec(version ?? '')?.[0]
  return digits === undefined ? undefined : Number(digits)
}
