import type { Exchange } from '../../core/exchange.ts'
import { readUserAgent, type UserAgent } from '../user-agent.ts'

/** What a browser says of itself, reduced to what stays the same from visit to visit. */
export interface Agent extends UserAgent {
  /** Whether there was a User-Agent header at all. */
  readonly isNamed: boolean
  /** The first language it asks for, without its region: `de`. */
  readonly language?: string
  /** Whether it sends `Sec-CH-UA`. What that says is left alone: it is made to vary. */
  readonly hasHints: boolean
}

/** What of a request is looked at, as it came. Nothing of this is stored. */
export interface Observed {
  readonly address: string | undefined
  readonly userAgent: string | undefined
  readonly languages: string | undefined
  readonly hasHints: boolean
}

/** More than any browser sends; what stands behind it is not looked at. */
const longest = 512

export function observe(exchange: Exchange): Observed {
  return {
    address: exchange.address,
    userAgent: exchange.header('user-agent')?.slice(0, longest),
    languages: exchange.header('accept-language')?.slice(0, longest),
    hasHints: exchange.header('sec-ch-ua') !== undefined,
  }
}

export function agentOf({ userAgent, languages, hasHints }: Observed): Agent {
  const language = /^\s*([a-z]{2,3})(?![a-z])/i.exec(languages ?? '')?.[1]?.toLowerCase()
  return {
    isNamed: Boolean(userAgent?.trim()),
    ...readUserAgent(userAgent),
    ...(language !== undefined && { language }),
    hasHints,
  }
}
