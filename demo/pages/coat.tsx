import type { Child } from 'hono/jsx'

/** What the browser holds: a perforated ticket. */
export function Ticket({ name, number, note, facts }: { name: string; number: string; note: string; facts?: Child[] }) {
  return (
    <div class="ticket">
      <div class="ticket-body">
        <p class="object-label">In the browser</p>
        <p class="ticket-number">
          <span class="ticket-name">{name}</span>
          {number}
        </p>
        {facts?.map((fact) => (
          <p class="ticket-fact">{fact}</p>
        ))}
      </div>
      <p class="ticket-stub">
        <span>{note}</span>
      </p>
    </div>
  )
}

/** What the server keeps: a coat on its hanger. */
export function Coat({ text, note, facts }: { text: string; note: string; facts?: Child[] }) {
  return (
    <div class="coat">
      <div class="hanger" aria-hidden="true" />
      <div class="coat-body">
        <p class="object-label">
          On the server <span class="tagged">{note}</span>
        </p>
        <pre class="coat-data">
          <code>{text}</code>
        </pre>
        {facts?.map((fact) => (
          <p class="coat-fact">{fact}</p>
        ))}
      </div>
    </div>
  )
}
