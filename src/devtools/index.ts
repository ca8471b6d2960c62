export { liveScript } from './assets/live-script.ts'
export { pageStyle } from './assets/page-style.ts'
export { panelStyle } from './assets/panel-style.ts'
export { timesScript } from './assets/times-script.ts'
export { createDevtools, type Devtools, type DevtoolsOptions } from './devtools.ts'
export type { LiveLimits, LiveStream } from './live-streams.ts'
export { Fields } from './pages/fields.tsx'
export { LiveBar } from './pages/live-bar.tsx'
export type { Markup } from './pages/markup.ts'
export { RecordPanel } from './pages/record-panel.tsx'
export { CookieTotal, RequestList } from './pages/request-list.tsx'
export { Sequence, SequenceHeads, type Step } from './pages/sequence.tsx'
export { ago, Clock, duration, TimeLeft } from './pages/times.tsx'
export type { RawRecord } from './record/raw-record.ts'
export type { FieldChange, RecordChange, RecordHistory } from './record/record-history.ts'
export type { InspectedSession, RecordView, StoreView } from './record/record-view.ts'
export type { TurnState } from './record/turn-table.ts'
export {
  type InspectedSessions,
  panelHeader,
  Recorder,
  type RecorderOptions,
  type Recording,
  type WatchedSession,
} from './recorder.ts'
export { cut, cutSetCookie } from './wire/cut.ts'
export type { LibraryStep } from './wire/library-steps.ts'
export type { Answer, Arrival, Departure, LoggedRequest } from './wire/logged-request.ts'
export type { Viewer } from './wire/viewers.ts'
