import type { Markup } from './markup.ts'
/** A time of day. The server writes UTC; a script, where there is one, shows the reader's own zone. */
export function Clock({ at }: { at: number }): Markup {
  const iso = new Date(at).toISOString()
  return (
    <time datetime={iso} data-local>
      {iso.slice(11, 19)} UTC
    </time>
  )
}

/** A length of time that a script, where there is one, counts down. `warning`: the id of what is shown in its last two minutes. */
export function TimeLeft({ ms, warning }: { ms: number; warning?: string }): Markup {
  return (
    <b class="num" data-seconds-left={Math.round(ms / 1000)} data-warning={warning}>
      {duration(ms)}
    </b>
  )
}

/** A length of time in words. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}

/** How long ago something was, in words. */
export function ago(passed: number): string {
  const seconds = Math.max(0, Math.round(passed / 1000))
  if (seconds < 2) return 'just now'
  return seconds < 90 ? `${seconds} s ago` : `${duration(passed).replace(/ \d+ s$/, '')} ago`
}
