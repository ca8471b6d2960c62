import { RecordLines } from '../pages/record.tsx'
import type { RawRecord } from '../raw-record.ts'
import type { FunctionRun, OurRun } from '../seed-lab.ts'
import type { PhpFile, PhpResult, PhpRun } from './php/php-lab.ts'

/** What the newest run of a call did: on our side, and in real PHP beside it. */
export function Outcome({ run }: { run: FunctionRun | undefined }) {
  if (!run) return null
  return (
    <div class="outcome">
      {run.ours && <Ours run={run.ours} request={run.request} />}
      {run.php && <Php run={run.php} />}
    </div>
  )
}

function Ours({ run, request }: { run: OurRun; request: FunctionRun['request'] }) {
  const { returned, thrown, setCookies, headers, before, after } = run
  return (
    <div class="result">
      <h4>What it did</h4>
      <dl>
        <Returned returned={returned} thrown={thrown} />
        <dt>Set-Cookie</dt>
        <dd>{setCookies.length === 0 ? 'none' : setCookies.map((cookie) => <code class="line">{cookie}</code>)}</dd>
        <dt>Other headers</dt>
        <dd>{headers.length === 0 ? 'none' : headers.map((header) => <code class="line">{header}</code>)}</dd>
        <dt>Cookies sent</dt>
        <dd>
          {request.cookies.length === 0
            ? 'none'
            : `${request.cookies.join('; ')} (${request.cookieBytes} bytes in all)`}
        </dd>
        <dt>The library</dt>
        <dd>{request.steps.map(({ text }) => text).join(' → ') || 'did not ask the store'}</dd>
      </dl>
      {isSame(before, after) ? (
        <RecordLines title={before ? 'The record, unchanged' : 'No record, before and after'} record={before} />
      ) : (
        <>
          <RecordLines title="The record before" record={before} other={after} />
          <RecordLines title="The record after" record={after} other={before} />
        </>
      )}
    </div>
  )
}

function Php({ run }: { run: PhpRun }) {
  return (
    <div class="panel php-result">
      <h4>What PHP did</h4>
      {'problem' in run ? <p>{run.problem}</p> : <PhpDid {...run} />}
    </div>
  )
}

function PhpDid({ returned, thrown, said, headers, before, after, files }: PhpResult) {
  const cookies = headers?.filter((line) => /^set-cookie:/i.test(line)).map((line) => line.slice(11).trim()) ?? []
  const others = headers?.filter((line) => !/^set-cookie:/i.test(line)) ?? []
  return (
    <>
      <dl>
        <Returned returned={returned} thrown={thrown} />
        {said.length > 0 && (
          <>
            <dt>It warned</dt>
            <dd>
              {said.map((text) => (
                <span class="line">{visible(text)}</span>
              ))}
            </dd>
          </>
        )}
        <dt>Set-Cookie</dt>
        <dd>{cookies.length === 0 ? none(headers) : cookies.map((cookie) => <code class="line">{cookie}</code>)}</dd>
        <dt>Other headers</dt>
        <dd>{others.length === 0 ? none(headers) : others.map((header) => <code class="line">{header}</code>)}</dd>
        <dt>Its folder</dt>
        <dd>{files === 1 ? '1 session file' : `${files} session files`}</dd>
      </dl>
      {before?.name === after?.name && before?.text === after?.text ? (
        <PhpLines title={before ? 'The file, unchanged' : 'No file, before and after'} file={before} />
      ) : (
        <>
          <PhpLines title="The file before" file={before} other={after} />
          <PhpLines title="The file after" file={after} other={before} />
        </>
      )}
    </>
  )
}

function Returned({ returned, thrown }: { returned: string | undefined; thrown: string | undefined }) {
  return thrown === undefined ? (
    <>
      <dt>Returned</dt>
      <dd>{returned === undefined ? 'nothing' : <code>{visible(returned)}</code>}</dd>
    </>
  ) : (
    <>
      <dt>Threw</dt>
      <dd>
        <code>{visible(thrown)}</code>
      </dd>
    </>
  )
}

function PhpLines({ title, file, other }: { title: string; file: PhpFile | undefined; other?: PhpFile | undefined }) {
  const pieces = file ? [file.name, ...variables(file.text)] : []
  const known = other && new Set([other.name, ...variables(other.text)])
  const marked = (piece: string) => (known && !known.has(piece) ? <mark>{visible(piece)}</mark> : visible(piece))
  return (
    <div class="record-lines">
      <h4>
        {title}
        {file && `, ${file.bytes.toLocaleString('en')} bytes`}
      </h4>
      {file ? (
        <p>
          <code class="fields">
            <b>{marked(file.name)}</b>
            <br />
            {pieces.slice(1).map(marked)}
            {file.text === '' && '(empty)'}
          </code>
        </p>
      ) : (
        <p class="quiet">There is no file.</p>
      )}
    </div>
  )
}

/** `a|i:1;b|i:2;` in two. A text that looks like that inside of a string is parted as well; it is for the eye alone. */
function variables(text: string): string[] {
  return text.split(/(?<=[;}])(?=[a-z_]\w*\|)/i)
}

function none(headers: readonly string[] | undefined): string {
  return headers ? 'none' : 'PHP sends no headers on the command line; php-cgi does'
}

function isSame(before: RawRecord | undefined, after: RawRecord | undefined): boolean {
  return before?.bytes === after?.bytes && before?.lines.join() === after?.lines.join()
}

/** A page can't hold a NUL, and a reader can't see one. */
function visible(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, (each) => `\\x${(each.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`)
}
