/**
 * A model of what a relay stores and shows, in as few lines as possible and without code of the relay (NIP-01, NIP-09,
 * NIP-40, NIP-59, NIP-62, NIP-70).
 */
import type { Event } from "../../nostr/event.ts";

type Told = "stored" | "passed on" | "duplicate" | "refused";

export class Model {
  stored: Event[] = [];
  private readonly requests: Event[] = [];
  private readonly expired: Event[] = [];
  private readonly banned = new Set<string>();

  /** Takes an event. `keys` are those that the sender has authenticated as. */
  take(event: Event, keys: Set<string>, now: number): Told {
    if (expired(event, now)) return "refused";
    if ([event.pubkey, ...keys].some((key) => this.banned.has(key))) return "refused";
    if (event.tags.some(([name]) => name === "-") && !keys.has(event.pubkey)) return "refused";
    const isDuplicate = this.stored.some(({ id }) => id === event.id);
    if (!isDuplicate && this.requests.some((request) => deletes(request, event))) return "refused";
    if (event.kind >= 20_000 && event.kind < 30_000) return "passed on";
    if (isDuplicate) return "duplicate";
    const versions = this.stored.filter((other) => address(other) === address(event));
    const expiredVersions = this.expired.filter((other) => address(other) === address(event));
    if (address(event) && [...versions, ...expiredVersions].some((other) => beats(other, event)))
      return "duplicate";
    this.stored = this.stored.filter((other) => !address(event) || !versions.includes(other));
    this.stored.push(event);
    if (event.kind === 5 || event.kind === 62) {
      this.requests.push(event);
      this.stored = this.stored.filter((other) => !deletes(event, other));
    }
    return "stored";
  }

  ban(pubkey: string): void {
    this.banned.add(pubkey);
    this.stored = this.stored.filter((event) => event.pubkey !== pubkey);
  }

  unban(pubkey: string): void {
    this.banned.delete(pubkey);
  }

  /** Removes expired events, and remembers them, because no older version may come back. */
  sweep(now: number): void {
    this.expired.push(...this.stored.filter((event) => expired(event, now)));
    this.stored = this.stored.filter((event) => !expired(event, now));
  }

  shows(keys: Set<string>, now: number): Event[] {
    return this.stored.filter((event) => isShown(event, keys, now));
  }
}

export function isShown(event: Event, keys: Set<string>, now: number): boolean {
  if (expired(event, now)) return false;
  if ([10_013, 31_234].includes(event.kind)) return keys.has(event.pubkey);
  if (![4, 1059, 21_059].includes(event.kind)) return true;
  const involved = values(event, "p").concat(event.kind === 4 ? [event.pubkey] : []);
  return involved.some((key) => keys.has(key));
}

function deletes(request: Event, event: Event): boolean {
  if (event.kind === 62) return false;
  const isWrap = event.kind === 1059 && values(event, "p").includes(request.pubkey);
  if (event.pubkey !== request.pubkey && !isWrap) return false;
  if (request.kind === 62) return event.created_at <= request.created_at;
  if (event.kind === 5) return false;
  if (values(request, "e").includes(event.id)) return true;
  if (event.pubkey !== request.pubkey || event.created_at > request.created_at) return false;
  return values(request, "a").some((named) => named === address(event));
}

function beats(a: Event, b: Event): boolean {
  return a.created_at > b.created_at || (a.created_at === b.created_at && a.id < b.id);
}

/** Returns the address of an event that has versions, as in NIP-09. Undefined for other events. */
function address({ kind, pubkey, tags }: Event): string | undefined {
  if (kind === 0 || kind === 3 || (kind >= 10_000 && kind < 20_000)) return `${kind}:${pubkey}:`;
  if (kind < 30_000 || kind >= 40_000) return undefined;
  return `${kind}:${pubkey}:${tags.find(([name]) => name === "d")?.[1] ?? ""}`;
}

function expired(event: Event, now: number): boolean {
  const [at] = values(event, "expiration").filter((value) => /^\d+$/.test(value));
  return at !== undefined && Number(at) <= now;
}

function values(event: Event, name: string): string[] {
  return event.tags.filter((tag) => tag[0] === name && tag.length > 1).map((tag) => tag[1]!);
}
