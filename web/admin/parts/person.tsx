/** A key: its mark and name, with a link to what is known about it here. */
import { KeyMark } from "../../parts/author.tsx";
import { shortKey } from "../../parts/links.ts";
import { nameOf } from "../../parts/profile.ts";
import { placeHref } from "./place.ts";
import { useProfiles } from "./relay.tsx";

export function Person({ pubkey }: { pubkey: string }) {
  const profiles = useProfiles([pubkey]);
  const name = nameOf(pubkey, profiles);
  const short = shortKey(pubkey);
  return (
    <a class="who" href={placeHref("find", "key", pubkey)}>
      <KeyMark pubkey={pubkey} />
      <span>
        <bdi>{name}</bdi>
        {name !== short && <code>{short}</code>}
      </span>
    </a>
  );
}
