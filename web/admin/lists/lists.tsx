/** Who and what is banned or allowed. */
import type { Place } from "../parts/place.ts";
import { Entries } from "./entries.tsx";
import { KindLists } from "./kinds.tsx";
import { LISTS } from "./entry-lists.tsx";

export function Lists({ place: { rest } }: { place: Place }) {
  const [id] = rest;
  if (id === "kinds") return <KindLists />;
  const list = LISTS.find((one) => one.id === id) ?? LISTS[0];
  return list ? <Entries key={list.id} of={list} /> : null;
}
