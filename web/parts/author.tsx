/** The author of an event: a mark of the key, and the name as a link to the profile. */
import { profilePath } from "./links.ts";
import { nameOf, type Profiles } from "./profile.ts";

export function Author({ pubkey, profiles }: { pubkey: string; profiles: Profiles }) {
  return (
    <a class="author" href={profilePath(pubkey)}>
      <KeyMark pubkey={pubkey} />
      <bdi>{nameOf(pubkey, profiles)}</bdi>
    </a>
  );
}

/** A link with a name, inside a text. */
export function Person({ pubkey, profiles }: { pubkey: string; profiles: Profiles }) {
  return (
    <a class="mention" href={profilePath(pubkey)}>
      @<bdi>{nameOf(pubkey, profiles)}</bdi>
    </a>
  );
}

/** A pattern that differs from key to key, so that two people with the same name look different. */
export function KeyMark({ pubkey }: { pubkey: string }) {
  const bytes = Array.from({ length: 16 }, (_, at) => Number.parseInt(pubkey.slice(2 * at, 2 * at + 2), 16));
  const [first = 0, second = 0, ...cells] = bytes;
  const hue = Math.round((first * 360) / 256);
  const other = (hue + 60 + Math.round((second * 240) / 256)) % 360;
  const path = cells.slice(0, 12).map((byte, at) => {
    const [x, y] = [at % 3, Math.floor(at / 3) + 1];
    return byte % 2 === 0 ? "" : `M${x} ${y}h1v1h-1zM${5 - x} ${y}h1v1h-1z`;
  });
  return (
    <svg class="key-mark" viewBox="0 0 6 6" aria-hidden="true">
      <rect width="6" height="6" fill={`hsl(${hue} 60% 88%)`} />
      <path d={path.join("")} fill={`hsl(${other} 55% 42%)`} />
    </svg>
  );
}
