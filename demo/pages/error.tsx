import { type Frame, Layout } from './layout.tsx'

export interface ErrorPageProps {
  frame: Frame
  status: number
  title: string
  text: string
  /** What a developer would look for: the stable code of a SessionError. */
  code?: string | undefined
}

export function ErrorPage({ frame, status, title, text, code }: ErrorPageProps) {
  return (
    <Layout {...frame} title={title}>
      <div class="head">
        <p class="eyebrow">
          {status}
          {code && (
            <>
              {' '}
              · <code>{code}</code>
            </>
          )}
        </p>
        <h1>{title}</h1>
        <p class="large">{text}</p>
        <p class="actions">
          <a class="button" href="/">
            To the start
          </a>
          <a href="/login">Log in</a>
        </p>
      </div>
    </Layout>
  )
}
