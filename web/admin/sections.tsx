/** The sections of the admin page, and the links between them. */
import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Audit } from "./audit/audit.tsx";
import { Find } from "./find/find.tsx";
import { Letters } from "./letters/letters.tsx";
import { Lists } from "./lists/lists.tsx";
import { Outbox } from "./outbox/outbox.tsx";
import { Overview } from "./overview/overview.tsx";
import { NoticesProvider } from "./parts/notices.tsx";
import { type Place, placeHref, usePlace } from "./parts/place.ts";
import { Guard } from "./parts/guard.tsx";
import { Reports } from "./reports/reports.tsx";
import { Roles } from "./roles/roles.tsx";
import { Settings } from "./settings/settings.tsx";
import { Upstreams } from "./upstreams/upstreams.tsx";

type NamedSection = [id: string, label: string, component: ComponentType<{ place: Place }>];

const FIRST: NamedSection = ["overview", "Overview", Overview];
const SECTIONS: NamedSection[] = [
  FIRST,
  ["reports", "Reports", Reports],
  ["lists", "Bans and lists", Lists],
  ["find", "Find", Find],
  ["upstreams", "Upstreams", Upstreams],
  ["outbox", "Outbox", Outbox],
  ["dead-letters", "Dead letters", Letters],
  ["roles", "Roles", Roles],
  ["settings", "Settings", Settings],
  ["audit", "Audit log", Audit],
];

export function Sections() {
  const place = usePlace();
  const [id, label, Component] = SECTIONS.find(([one]) => one === place.section) ?? FIRST;
  useTitle(label);
  const nav = useRef<HTMLElement>(null);
  // On a phone the row of sections is wider than the window.
  useEffect(() => {
    const link = nav.current?.querySelector<HTMLElement>("[aria-current]");
    if (link) nav.current?.scrollTo({ left: link.offsetLeft - 40 });
  }, [id]);
  return (
    <div class="admin">
      <nav class="sections" aria-label="Sections" ref={nav}>
        {SECTIONS.map(([one, text]) => (
          <a key={one} href={placeHref(one)} aria-current={one === id ? "page" : undefined}>
            {text}
          </a>
        ))}
      </nav>
      <div class="section-content">
        <NoticesProvider>
          <Guard key={JSON.stringify(place)}>
            <Component place={place} />
          </Guard>
        </NoticesProvider>
      </div>
    </div>
  );
}

/** The name of the relay is behind the last dot of the title. */
function useTitle(label: string): void {
  useEffect(() => {
    const relay = document.title.split(" · ").at(-1) ?? "";
    document.title = `${label} · ${relay}`;
  }, [label]);
}
