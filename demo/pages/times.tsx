/** A time of day. The server writes UTC; a script, where there is one, shows the reader's own zone. */
export function Clock({ at }: { at: number }) {
  const iso = new Date(at).toISOString()
  return (
    <time datetime={iso} data-local>
      {iso.slice(11, 19)} UTC
    </time>
  )
}

/** A length of time in words. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}
