/** The devtools' own pages: their colours and distances, and the frame around the panels. */
export const pageStyle: string = `:root {
  color-scheme: light dark;

  --paper: light-dark(#faf9f6, #15181b);
  --surface: light-dark(#ffffff, #1c2024);
  --sunken: light-dark(#f1efe9, #101316);
  --ink: light-dark(#1c2126, #e8e6e1);
  --muted: light-dark(#595f66, #a5abb3);
  --line: light-dark(#dbd7cd, #343a41);
  --ticket: light-dark(#a3323f, #f2a0a5);
  --ticket-wash: light-dark(#fbecea, #33211f);
  --ticket-edge: light-dark(#e6bdb8, #6b3f3f);
  --coat: light-dark(#1d5c49, #86cfb5);
  --coat-wash: light-dark(#e6f1ec, #1a2b26);
  --coat-edge: light-dark(#aed0c3, #35594d);
  --brass: light-dark(#7a590c, #e2bd68);
  --focus: light-dark(#1657b8, #8fbcff);

  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  --display: ui-serif, "Iowan Old Style", Charter, Cambria, Georgia, "DejaVu Serif Condensed", serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  --s1: 0.25rem;
  --s2: 0.5rem;
  --s3: 0.75rem;
  --s4: 1rem;
  --s5: 1.5rem;
  --s6: 2rem;
  --radius: 10px;
}

*,
*::before,
*::after {
  box-sizing: border-box;
}

html {
  font: 100%/1.6 var(--sans);
  color: var(--ink);
  background: var(--paper);
}

body {
  max-width: 73rem;
  margin: 0 auto;
  padding: var(--s5) clamp(1rem, 4vw, 1.5rem) 4rem;
}

h1,
h2 {
  font-family: var(--display);
  font-weight: 600;
  line-height: 1.2;
  margin: 0;
}

h1 {
  font-size: clamp(1.7rem, 1.4rem + 1.6vw, 2.3rem);
}

h2 {
  font-size: 1.25rem;
}

p,
ol,
dl,
pre {
  margin: 0;
}

p {
  max-width: 65ch;
}

a {
  color: inherit;
  text-underline-offset: 0.2em;
}

:focus-visible {
  outline: 3px solid var(--focus);
  outline-offset: 2px;
}

code,
pre {
  font-family: var(--mono);
  font-size: 0.9em;
}

:not(pre) > code {
  overflow-wrap: anywhere;
}

time,
.num {
  font-variant-numeric: tabular-nums;
}

nav ul {
  list-style: none;
  display: flex;
  gap: var(--s5);
  padding: 0;
  margin: 0 0 var(--s5);
}

nav a {
  display: block;
  padding: var(--s2) 0;
}

nav a[aria-current] {
  font-weight: 650;
  color: var(--brass);
  text-decoration-thickness: 2px;
}

header > * + *,
main > * + * {
  margin-top: var(--s4);
}

main {
  margin-top: var(--s5);
}

.quiet {
  color: var(--muted);
}

.spoken {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}

.panel {
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--surface);
  padding: var(--s5);
}

.button {
  font: inherit;
  font-weight: 650;
  font-size: 0.95rem;
  color: var(--ink);
  background: var(--surface);
  border: 1px solid light-dark(#8d877a, #6d747c);
  border-radius: 7px;
  min-height: 2.25rem;
  padding: var(--s1) var(--s4);
  display: inline-flex;
  align-items: center;
  text-decoration: none;
  cursor: pointer;
}

.button:hover {
  background: var(--sunken);
}

.button[hidden] {
  display: none;
}
`
