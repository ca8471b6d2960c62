/** A code sample that scrolls inside itself, by keyboard too. */
export function Code({ name, text }: { name: string; text: string }) {
  return (
    <figure class="code">
      <figcaption>{name}</figcaption>
      <pre tabindex={0}>
        <code>{text}</code>
      </pre>
    </figure>
  )
}
