/** Links between the lists. */
import { placeHref } from "../parts/place.ts";

const TABS = [
  ["banned-keys", "Banned keys"],
  ["allowed-keys", "Allow-list"],
  ["banned-events", "Banned events"],
  ["allowed-events", "Kept events"],
  ["kinds", "Kinds"],
  ["addresses", "Addresses"],
] as const;

export function ListTabs({ current }: { current: string }) {
  return (
    <nav class="tabs" aria-label="Lists">
      {TABS.map(([id, label]) => (
        <a key={id} href={placeHref("lists", id)} aria-current={id === current ? "true" : undefined}>
          {label}
        </a>
      ))}
    </nav>
  );
}
