import type { FieldChange, RecordChange } from '../record/record-history.ts'
import type { RecordView, StoreView } from '../record/record-view.ts'
import { Fields } from './fields.tsx'
import type { Markup } from './markup.ts'
import { ago, Clock, TimeLeft } from './times.tsx'

interface RecordPanelProps {
  view: StoreView
  /** Of the headings within; the panel itself has none. Default: h3. */
  level?: 2 | 3
  /** False where the page says itself how long the session lasts. Default: true. */
  times?: boolean
}

/** A visitor's record: what it says, how it is stored, how long it lives, and what changed last. */
export function RecordPanel({ view, level = 3, times = true }: RecordPanelProps): Markup {
  const { record } = view
  const Heading = `h${level}` as 'h3'
  return (
    <div class="record-panel">
      {record ? <Overview record={record} now={view.now} times={times} /> : <NoRecord isUnknown={view.isUnknown} />}
      {record && (
        <div class="record-two">
          <div class="record-part">
            <Heading>As the application sees it</Heading>
            <pre class="record-data" tabindex={0}>
              <code>{record.data}</code>
            </pre>
          </div>
          <div class="record-part">
            <Heading>What changed last</Heading>
            <LastChange {...view} />
          </div>
        </div>
      )}
      {record && (
        <div class="record-part">
          <Heading>As it is stored, {record.raw.bytes.toLocaleString('en')} bytes</Heading>
          <RawLines lines={record.raw.lines} />
        </div>
      )}
      {!record && view.change && (
        <div class="record-part">
          <Heading>What changed last</Heading>
          <LastChange {...view} />
        </div>
      )}
    </div>
  )
}

function NoRecord({ isUnknown }: { isUnknown: true | undefined }) {
  return (
    <div class="no-record">
      <p>
        <b>{isUnknown ? 'The store does not answer.' : 'No record: nothing is stored for you.'}</b>
      </p>
      <p>
        {isUnknown
          ? 'So nobody can say what is stored for you. Your cookie is left alone.'
          : 'You bring no cookie that opens one. A record comes into being when something is kept for you, and not before.'}
      </p>
    </div>
  )
}

function Overview({ record, now, times }: { record: RecordView; now: number; times: boolean }) {
  const { raw, handle, version, turn, userId } = record
  return (
    <dl class="facts">
      <Fact name="Where it lies">
        <code>{raw.path}</code>, {raw.bytes.toLocaleString('en')} bytes. In lists and logs it goes by{' '}
        <code>{handle}</code>
        {userId !== undefined && <>; it belongs to the user {userId}</>}.
      </Fact>
      <Fact name="Version">
        <code>{version ? `${version}…` : 'unknown'}</code> <span class="quiet">(each write gives it a new one)</span>
      </Fact>
      {times && (
        <Fact name="Created">
          {record.createdAt !== undefined && <Past at={record.createdAt} now={now} />}
          {record.authenticatedAt !== undefined && (
            <>
              ; logged in <Past at={record.authenticatedAt} now={now} />
            </>
          )}
        </Fact>
      )}
      <Fact name="Last used">
        {record.lastSeenAt !== undefined && <Past at={record.lastSeenAt} now={now} />}{' '}
        <span class="quiet">(as stored: written down at most once in a while)</span>
      </Fact>
      {times && record.expiresAt !== undefined && (
        <Fact name="Without a request">
          ends in <TimeLeft ms={record.expiresAt - now} />, at <Clock at={record.expiresAt} />
        </Fact>
      )}
      {times && record.absoluteExpiresAt !== undefined && (
        <Fact name="In any case">
          ends in <TimeLeft ms={record.absoluteExpiresAt - now} />, at <Clock at={record.absoluteExpiresAt} />
        </Fact>
      )}
      <Fact name="Its turn">
        {turn.isHeld ? (
          <b>A request of this process has it to itself</b>
        ) : (
          'No request of this process has it to itself'
        )}
        {turn.waiting > 0
          ? `; ${turn.waiting} ${turn.waiting === 1 ? 'waits' : 'wait'} for it.`
          : '; none waits for it.'}
      </Fact>
    </dl>
  )
}

function Fact({ name, children }: { name: string; children?: unknown }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Past({ at, now }: { at: number; now: number }) {
  return (
    <>
      <Clock at={at} />, {ago(now - at)}
    </>
  )
}

function LastChange({ now, change, requestsSince }: StoreView) {
  if (!change) return <p class="quiet">Nothing, in the requests that are remembered.</p>
  // Of a record that is gone, or new, the library's own fields say nothing more.
  const isWhole = change.fields.some(({ name }) => name === 'id')
  const isData = ({ name }: FieldChange) => name.startsWith('data.')
  const own = change.fields.filter(isData)
  const rest = isWhole ? [] : change.fields.filter((field) => !isData(field))
  return (
    <>
      <p>
        <By {...change} />, {ago(now - change.at)}
        {isWhole && `: ${wholeChange(change)}`}
        {requestsSince > 0 && (
          <>
            . {requestsSince === 1 ? 'The request since has' : `The ${requestsSince} requests since have`} left it as it
            was
          </>
        )}
        .
      </p>
      {own.length > 0 && <Changes of={own} />}
      {rest.length > 0 && (
        <details id="protocol-changes">
          <summary>
            {own.length > 0 ? 'And' : 'No data, but'} {rest.length} of the library’s own fields
          </summary>
          <Changes of={rest} />
        </details>
      )}
    </>
  )
}

function Changes({ of }: { of: readonly FieldChange[] }) {
  return (
    <dl class="changes">
      {of.map((field) => (
        <Change {...field} />
      ))}
    </dl>
  )
}

function wholeChange({ fields }: RecordChange): string {
  return fields.some(({ name, after }) => name === 'id' && after === undefined)
    ? 'the record was deleted, and what it said is forgotten here too'
    : 'a new record was made'
}

function By({ by }: RecordChange) {
  if (!by) return <b>None of your answered requests: one under way, or somebody else</b>
  return (
    <>
      By <b>{by}</b>
    </>
  )
}

function Change({ name, before, after }: FieldChange) {
  return (
    <div>
      <dt>
        {name} <span class="quiet">{after === undefined ? 'is gone' : before === undefined ? 'is new' : ''}</span>
      </dt>
      <dd>
        {before !== undefined && (
          <del>
            <span class="spoken">Was: </span>
            {short(before)}
          </del>
        )}{' '}
        {after !== undefined && (
          <ins>
            <span class="spoken">Is: </span>
            {short(after)}
          </ins>
        )}
      </dd>
    </div>
  )
}

function short(text: string): string {
  // A time of this century, in milliseconds.
  if (/^1[5-9]\d{11}$/.test(text)) return new Date(Number(text)).toISOString().replace('T', ' ').replace('Z', ' UTC')
  return text.length > 160 ? `${text.slice(0, 160)}…` : text
}

function RawLines({ lines: [store = '', protocol = '', ...data] }: { lines: readonly string[] }) {
  const parts = [
    { author: 'For the store', lines: [store] },
    { author: 'For the protocol', lines: [protocol] },
    { author: 'Your data', lines: data },
  ]
  return (
    <dl class="facts lines">
      {parts.map(({ author, lines }) => (
        <div>
          <dt>{author}</dt>
          <dd>
            {lines.map((line) => (
              <div>
                <Fields line={line} />
              </div>
            ))}
            {lines.length === 0 && <span class="quiet">none yet</span>}
          </dd>
        </div>
      ))}
    </dl>
  )
}
