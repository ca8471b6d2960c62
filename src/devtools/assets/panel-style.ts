/**
 * How the panels look, wherever they are: a page that has them gives the colours and distances, as `pageStyle` does.
 * As text, so that a server that was bundled carries it.
 */
export const panelStyle: string = `/* The sequence diagram: two lifelines where there is room, one column where there isn't */

.sequence {
  --browser: 2.75rem;
  --server: 58%;
}

.sequence ol {
  list-style: none;
  padding: 0;
}

.sequence li {
  position: relative;
  padding-left: var(--s4);
  border-left: 3px solid var(--line);
  padding-block: var(--s2);
}

.sequence li.request {
  border-left-color: var(--ticket);
}

.sequence li.response {
  border-left-color: var(--coat);
}

.sequence li.request::before,
.sequence li.response::before {
  display: block;
  font-size: 0.82rem;
  font-weight: 600;
}

.sequence li.request::before {
  content: "Browser → Server" / "";
  color: var(--ticket);
}

.sequence li.response::before {
  content: "Server → Browser" / "";
  color: var(--coat);
}

.sequence li.work {
  color: var(--muted);
  padding-block: var(--s1);
}

.sequence li.work .step-title {
  display: inline;
  color: var(--ink);
}

.step-title {
  display: block;
  overflow-wrap: anywhere;
}

.request > .step-title,
.response > .step-title {
  font-weight: 650;
}

.step-detail {
  display: block;
  font-family: var(--mono);
  font-size: 0.85rem;
  overflow-wrap: anywhere;
}

.step-aside {
  margin-left: var(--s3);
  white-space: nowrap;
  font-size: 0.85rem;
  color: var(--muted);
  font-variant-numeric: tabular-nums;
}

.sequence li.warning .step-title {
  color: var(--ticket);
  font-weight: 600;
}

.sequence-heads {
  display: none;
}

@media (min-width: 44rem) {
  .sequence-heads {
    display: block;
    position: relative;
    height: 2.4rem;
    font-size: 0.95rem;
    font-weight: 650;
  }

  .sequence-heads span {
    position: absolute;
    transform: translateX(-50%);
    padding: 0.25rem 0.9rem;
    border-radius: 6px;
    border: 1px solid;
  }

  .sequence-heads .head-browser {
    left: var(--browser);
    color: var(--ticket);
    background: var(--ticket-wash);
    border-color: var(--ticket-edge);
  }

  .sequence-heads .head-server {
    left: var(--server);
    color: var(--coat);
    background: var(--coat-wash);
    border-color: var(--coat-edge);
  }

  .sequence ol {
    position: relative;
    padding-block: var(--s4) var(--s5);
  }

  .sequence ol::before,
  .sequence ol::after {
    content: "";
    position: absolute;
    top: 0;
    bottom: 0;
    width: 0;
    border-left: 2px solid;
  }

  .sequence ol::before {
    left: calc(var(--browser) - 1px);
    border-color: var(--ticket-edge);
  }

  .sequence ol::after {
    left: calc(var(--server) - 1px);
    border-color: var(--coat-edge);
  }

  .sequence li,
  .sequence li.request,
  .sequence li.response {
    border: 0;
  }

  .sequence li.request,
  .sequence li.response {
    margin-left: var(--browser);
    width: calc(var(--server) - var(--browser));
    padding: var(--s2) var(--s5) var(--s2) var(--s5);
    margin-block: var(--s2) var(--s3);
  }

  .sequence li.request::before,
  .sequence li.response::before {
    content: "";
    position: absolute;
    left: 5px;
    right: 5px;
    bottom: 0;
    border-bottom: 2px solid currentColor;
  }

  .sequence li.request::after,
  .sequence li.response::after {
    content: "";
    position: absolute;
    bottom: -4px;
    width: 10px;
    height: 10px;
    border: solid;
    border-width: 2px 2px 0 0;
  }

  .sequence li.request::after {
    right: 6px;
    transform: rotate(45deg);
    border-color: var(--ticket);
  }

  .sequence li.response::after {
    left: 6px;
    transform: rotate(-135deg);
    border-color: var(--coat);
  }

  .sequence li.work {
    margin-left: calc(var(--server) + 1.4rem);
    padding: 0.2rem 0;
    line-height: 1.45;
  }

  .sequence li.work::before {
    content: "";
    position: absolute;
    left: calc(-1.4rem - 5px);
    top: 0.68rem;
    width: 10px;
    height: 10px;
    border-radius: 50%;
    background: var(--surface);
    border: 2px solid var(--coat);
    z-index: 1;
  }

  .sequence li.work.warning::before {
    border-color: var(--ticket);
    border-radius: 2px;
    transform: rotate(45deg);
  }
}

/* Facts: a name, and what it is now */

.facts {
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--surface);
  overflow: hidden;
}

.facts > div {
  display: grid;
  gap: 0 var(--s5);
  padding: var(--s3) var(--s4);
}

.facts > div + div {
  border-top: 1px solid var(--line);
}

.facts dt {
  font-weight: 600;
}

.facts dd {
  margin: 0;
  min-width: 0;
  overflow-wrap: anywhere;
}

@media (min-width: 40rem) {
  .facts > div {
    grid-template-columns: 12rem minmax(0, 1fr);
  }
}

/* The requests of this browser: one diagram, its lifelines running through */

.requests {
  list-style: none;
  padding: 0;
}

.requests > li {
  position: relative;
}

.requests > li + li {
  margin-top: var(--s5);
}

.request-time {
  font-size: 0.88rem;
}

@media (min-width: 44rem) {
  .conversation .sequence-heads {
    --browser: 2.75rem;
    --server: 58%;
  }

  .requests > li + li {
    margin-top: 0;
  }

  .requests .sequence ol {
    padding-block: var(--s5) var(--s3);
  }

  .requests > li:last-child .sequence ol {
    padding-bottom: var(--s5);
  }

  .request-time {
    position: absolute;
    top: calc(var(--s5) + var(--s4));
    left: calc(58% + 1.4rem);
    right: 0;
  }
}

/* A record's file */

.fields {
  font-size: 0.84rem;
  line-height: 1.65;
  overflow-wrap: anywhere;
  white-space: pre-wrap;
}

.fields mark {
  color: var(--ink);
  background: light-dark(#f6e3a4, #574611);
  border-bottom: 2px solid var(--brass);
  border-radius: 2px;
}

.record-lines {
  min-width: 0;
}

.record-lines h4 {
  margin: 0;
  font-size: 0.95rem;
}

.record-lines p {
  line-height: 1.5;
  margin-top: var(--s2);
}

/* A visitor's record */

.record-panel {
  container-type: inline-size;
}

.record-panel > * + * {
  margin-top: var(--s6);
}

.record-two {
  display: grid;
  gap: var(--s5);
}

@container (min-width: 52rem) {
  .record-two {
    grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
  }
}

.record-part {
  min-width: 0;
}

.record-part > * + * {
  margin-top: var(--s3);
}

.record-data {
  padding: var(--s4);
  border: 1px solid var(--coat-edge);
  border-radius: var(--radius);
  background: var(--coat-wash);
  color: var(--coat);
  font-size: 0.9rem;
  line-height: 1.6;
  max-height: 24rem;
  overflow: auto;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}

.no-record {
  padding: var(--s6) var(--s5);
  border: 2px dashed var(--line);
  border-radius: var(--radius);
  text-align: center;
}

.no-record p {
  margin: 0 auto;
}

.no-record p:first-child {
  font-family: var(--display);
  font-size: 1.25rem;
}

.no-record p + p {
  margin-top: var(--s2);
  color: var(--muted);
}

.record-part summary {
  min-height: 1.5rem;
  cursor: pointer;
}

.record-part details .changes {
  margin-top: var(--s3);
}

.changes {
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--surface);
  font-size: 0.88rem;
}

.changes > div {
  padding: var(--s2) var(--s4);
}

.changes > div + div {
  border-top: 1px solid var(--line);
}

.changes dt {
  font-weight: 600;
}

.changes dd {
  margin: 0;
  display: grid;
  font-family: var(--mono);
  font-size: 0.84rem;
  overflow-wrap: anywhere;
}

.changes del,
.changes ins {
  text-decoration: none;
  padding-left: 1.4em;
  text-indent: -1.4em;
}

.changes del {
  color: var(--muted);
}

.changes del::before {
  content: "− " / "";
}

.changes ins {
  color: var(--coat);
}

.changes ins::before {
  content: "+ " / "";
}

/* Whether a page follows by itself */

.live-bar {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: var(--s2) var(--s3);
}

.live-bar [hidden] {
  display: none;
}

.live-state {
  font-size: 0.92rem;
  color: var(--muted);
}

.live-state::before {
  content: "";
  display: inline-block;
  width: 0.6em;
  height: 0.6em;
  margin-right: 0.5em;
  border-radius: 50%;
  border: 2px solid var(--muted);
}

.live-state:empty {
  display: none;
}

.live-state[data-is-live]::before {
  border-color: var(--coat);
  background: var(--coat);
}

.totals {
  font-variant-numeric: tabular-nums;
}

@media (forced-colors: active) {
  .sequence li.work::before {
    forced-color-adjust: none;
    background: CanvasText;
  }
}
`
