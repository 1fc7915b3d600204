/** Loads the profiles of the people on the page, many with one request. */
import type { Event } from "../../nostr/event.ts";
import { PROFILE } from "../../nostr/kinds.ts";
import { parseProfile, type Profile } from "../parts/profile.ts";
import type { RelayConnection } from "./relay-connection.ts";

const MOST_PROFILES = 1000;
const MOST_AT_ONCE = 100;
/** People who were scrolled away are not asked for. */
const MOST_WAITING = 200;
const PAUSE_MILLISECONDS = 250;

export class ProfileLoader {
  /** A new map after each change. */
  profiles: ReadonlyMap<string, Profile> = new Map();
  readonly #connection: Pick<RelayConnection, "subscribe">;
  readonly #onChange: () => void;
  readonly #asked = new Set<string>();
  readonly #newest = new Map<string, number>();
  #waiting = new Set<string>();
  #isBusy = false;

  constructor(connection: Pick<RelayConnection, "subscribe">, onChange: () => void) {
    this.#connection = connection;
    this.#onChange = onChange;
  }

  /** Loads the profiles of these keys, if it has not asked for them before. */
  want(pubkeys: Iterable<string>): void {
    for (const pubkey of pubkeys) {
      if (!this.#asked.has(pubkey)) this.#waiting.add(pubkey);
    }
    if (this.#waiting.size > MOST_WAITING) this.#waiting = new Set([...this.#waiting].slice(-MOST_WAITING));
    if (this.#waiting.size === 0 || this.#isBusy) return;
    this.#isBusy = true;
    setTimeout(() => this.#load(), PAUSE_MILLISECONDS);
  }

  #load(): void {
    const authors = [...this.#waiting].slice(-MOST_AT_ONCE);
    const found = new Map<string, Profile>();
    for (const author of authors) {
      this.#waiting.delete(author);
      this.#asked.add(author);
    }
    const end = () => {
      subscription.close();
      this.#isBusy = false;
      this.#keep(found);
      this.want([]);
    };
    const subscription = this.#connection.subscribe([{ kinds: [PROFILE], authors }], {
      onEvent: (event) => this.#read(event, found),
      onStored: end,
      onClosed: end,
    });
  }

  #read(event: Event, found: Map<string, Profile>): void {
    if ((this.#newest.get(event.pubkey) ?? -1) > event.created_at) return;
    this.#newest.set(event.pubkey, event.created_at);
    found.set(event.pubkey, parseProfile(event));
  }

  #keep(found: ReadonlyMap<string, Profile>): void {
    if (this.#asked.size > 4 * MOST_PROFILES) {
      // Those who are still on the page are asked for again.
      this.#asked.clear();
      this.#newest.clear();
    }
    if (found.size === 0) return;
    this.profiles = new Map([...this.profiles, ...found].slice(-MOST_PROFILES));
    this.#onChange();
  }
}
