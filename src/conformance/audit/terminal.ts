import type { AuditReport, Finding, Severity } from './report.ts'

/** The report as a terminal shows it, 100 columns wide; without colours by default. */
export function renderReport(report: AuditReport, { isColored = false }: { isColored?: boolean } = {}): string {
  const paint = (severity: Severity, text: string): string =>
    isColored ? `\u001B[${colors[severity]}m${text}\u001B[0m` : text
  const { url, sessionCookies, findings, passed, skipped, requests } = report
  const lines = [
    `${url}  ·  session cookie: ${harmless(sessionCookies.join(', '))}  ·  ${requests} requests`,
    '',
    ...findings.flatMap((finding) => [...renderFinding(finding, paint), '']),
    ...(passed.length > 0 ? wrapped(`not found: ${passed.join(', ')}`, '', '  ') : []),
    ...skipped.flatMap(({ id, reason }) => wrapped(`not looked for: ${id} (${reason})`, '', '  ')),
    '',
    summary(findings),
  ]
  return lines.join('\n')
}

const colors: Readonly<Record<Severity, number>> = { high: 31, medium: 33, low: 36 }

function renderFinding(
  { id, severity, title, seen, fix, sources }: Finding,
  paint: (severity: Severity, text: string) => string,
): string[] {
  return [
    `${paint(severity, severity.toUpperCase().padEnd(6))}  ${title}  [${id}]`,
    ...wrapped(seen, '        seen: ', '              '),
    ...wrapped(fix, '        fix:  ', '              '),
    ...wrapped(sources.join(' · '), '        see:  ', '              '),
  ]
}

function summary(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'No findings.'
  const counts = (['high', 'medium', 'low'] as const).flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length
    return count > 0 ? [`${count} ${severity}`] : []
  })
  return `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}: ${counts.join(', ')}.`
}

/** At most 100 columns, but for words that are longer. */
function wrapped(text: string, first: string, rest: string): string[] {
  const lines: string[] = []
  let line = first
  for (const word of harmless(text).split(' ')) {
    const isBegun = line !== first && line !== rest
    if (isBegun && line.length + 1 + word.length > 100) {
      lines.push(line)
      line = rest + word
    } else line += isBegun ? ` ${word}` : word
  }
  return [...lines, line]
}

/** What a server has sent can't steer the terminal. */
function harmless(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, '?')
}
