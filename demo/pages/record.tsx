import { Fields, LiveBar, type RawRecord, RecordPanel, type StoreView } from 'coatcheck/devtools'
import { livePath } from '../request-log.ts'
import { type Frame, Layout } from './layout.tsx'

export { Fields } from 'coatcheck/devtools'

/** The visitor's own record, whether or not there is one. */
export function RecordPage({ frame, view, place }: { frame: Frame; view: StoreView; place: string }) {
  return (
    <Layout {...frame} title="Your record" script="live.js">
      <div class="head">
        <p class="eyebrow">In the store</p>
        <h1>Your record</h1>
        <p class="lede">The coat, on its hanger: all that the server keeps for you, in {place}.</p>
        <p>
          Read just now, and read the hard way: not what the library says of it, but the bytes that are stored. Hashes
          and long names are shortened to eight characters. Your cookie is not in it: of its secret the record has a
          hash, which opens nothing.
        </p>
        <p class="aside">
          Do something in a second tab, and see here what it changed. Looking at this page neither waits for other
          requests nor makes your session last longer. <a href="/requests">See your requests</a>
        </p>
        <LiveBar stream={livePath} refresh="/record" />
      </div>
      <section aria-label="Record" id="record" data-live>
        <RecordPanel view={view} level={2} />
        {!view.record && (
          <p class="actions">
            <a class="button" href="/login">
              Get one: log in, or leave a coat
            </a>
          </p>
        )}
      </section>
    </Layout>
  )
}

/** A record's bytes, what changed against `other` marked. */
export function RecordLines({
  title,
  record,
  other,
}: {
  title: string
  record: RawRecord | undefined
  other?: RawRecord | undefined
}) {
  return (
    <div class="record-lines">
      <h4>
        {title}
        {record && `, ${record.bytes.toLocaleString('en')} bytes`}
      </h4>
      {record ? (
        record.lines.map((line) => (
          <p>
            <Fields line={line} others={other?.lines} />
          </p>
        ))
      ) : (
        <p class="quiet">There is no file.</p>
      )}
    </div>
  )
}
