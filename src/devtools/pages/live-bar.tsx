import type { Markup } from './markup.ts'
/**
 * Says whether the panels of a page follow by themselves, and stops them. The script reads where to listen from it; without a script there is the link.
 * A panel is any element with an `id` and `data-live`.
 */
export function LiveBar({ stream, refresh }: { stream: string; refresh: string }): Markup {
  return (
    <div class="live-bar" data-live-stream={stream}>
      <a class="button second small" href={refresh}>
        Refresh
      </a>
      <button class="button second small" type="button" data-live-pause hidden>
        Pause
      </button>
      <p class="live-state" role="status" data-live-state></p>
      <noscript>
        <p class="quiet">Without JavaScript this page does not follow by itself: Refresh asks anew.</p>
      </noscript>
    </div>
  )
}
