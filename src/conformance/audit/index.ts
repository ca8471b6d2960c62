export { audit } from './audit.ts'
export type { AuditRequest } from './options.ts'
export { AuditError, type AuditReport, type Finding, type Severity, type Skipped } from './report.ts'
export { renderReport } from './terminal.ts'
