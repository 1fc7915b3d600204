/** The relays from which events are pulled, or to which they are published. */
import type { Place } from "../parts/place.ts";
import { AddUpstream } from "./add-upstream.tsx";
import { OneUpstream } from "./one-upstream.tsx";
import { UpstreamList } from "./upstream-list.tsx";

export function Upstreams({ place: { rest } }: { place: Place }) {
  const [what = ""] = rest;
  if (what === "") return <UpstreamList />;
  return what === "add" ? <AddUpstream /> : <OneUpstream key={what} url={what} />;
}
