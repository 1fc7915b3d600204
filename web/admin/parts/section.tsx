/** The frame of a section: its heading, what it is for, and a button that loads it again. */
import type { ComponentChildren } from "preact";

interface Props {
  title: string;
  about: ComponentChildren;
  /** Buttons beside the heading. */
  actions?: ComponentChildren;
  /** Links to its parts, above the heading. */
  tabs?: ComponentChildren;
  /** What was loaded for it. */
  of?: { isLoading: boolean; reload(): Promise<void> };
  children: ComponentChildren;
}

export function Section({ title, about, actions, tabs, of, children }: Props) {
  return (
    <section class="section" aria-label={title}>
      {tabs}
      <header>
        <h2 tabIndex={-1}>{title}</h2>
        <div class="row">
          {actions}
          {of && (
            <button type="button" disabled={of.isLoading} onClick={() => void of.reload()}>
              {of.isLoading ? "Loading…" : "Reload"}
            </button>
          )}
        </div>
        <p class="quiet">{about}</p>
      </header>
      {children}
    </section>
  );
}

/** What a list says when it has nothing. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="nothing card">
      <strong>{title}</strong>
      {children && <p class="quiet">{children}</p>}
    </div>
  );
}
