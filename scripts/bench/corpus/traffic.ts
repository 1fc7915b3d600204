/** What people publish: about 1 KB and five tags on average. The shares of the kinds are assumed. */
import type { Event } from "../../../nostr/event.ts";
import type { People } from "./people.ts";
import { below, hexOf, pick, type Random } from "./random.ts";
import { type Key, signed } from "./signing.ts";
import { hashtag, textOf } from "./text.ts";

export const KIND = {
  profile: 0,
  note: 1,
  contacts: 3,
  repost: 6,
  reaction: 7,
  relays: 10_002,
  article: 30_023,
} as const;

/** How many of 100 events are of each sort. */
const SHARES = { note: 20, reply: 26, tagged: 8, reaction: 34, repost: 8, profile: 2, article: 2 };
type Sort = keyof typeof SHARES;
const SORTS = (Object.keys(SHARES) as Sort[]).flatMap((sort) => Array<Sort>(SHARES[sort]).fill(sort));

/** Replies, reactions and reposts are about one of so many newest notes, of which a few get most. */
const RECENT = 500;

type Draft = Pick<Event, "kind" | "tags" | "content">;

export class Traffic {
  private readonly random: Random;
  private readonly people: People;
  /** The newest notes, in no order. */
  private readonly recent: Event[] = [];
  private notes = 0;

  constructor(random: Random, people: People) {
    this.random = random;
    this.people = people;
  }

  /** Makes the profile, the contact list and the list of relays of somebody. */
  *introduction(key: Key, created_at: () => number): Generator<Event> {
    const { random } = this;
    const drafts = [profile(random), contacts(this.people.follows(random)), relays(random)];
    for (const draft of drafts) yield signed(key, { ...draft, created_at: created_at() });
  }

  next(created_at: number): Event {
    const event = signed(this.people.draw(this.random), { ...this.draft(), created_at });
    if (event.kind === KIND.note) this.remember(event);
    return event;
  }

  /** Returns a note of somebody. */
  note(key: Key, created_at: number): Event {
    return signed(key, { ...note(this.random), created_at });
  }

  private draft(): Draft {
    const { random } = this;
    const sort = this.recent.length === 0 ? "note" : pick(random, SORTS);
    return DRAFTS[sort](random, this.popular(), this.people);
  }

  private remember(event: Event): void {
    this.recent[this.notes % RECENT] = event;
    this.notes += 1;
  }

  /** Draws a recent note: a few of them get most of the answers. */
  private popular(): Event {
    const at = Math.floor(this.recent.length * this.random() ** 3);
    return this.recent[at] as Event;
  }
}

const DRAFTS: Record<Sort, (random: Random, about: Event, people: People) => Draft> = {
  note,
  reply: (random, { id, pubkey, tags }, people) => ({
    kind: KIND.note,
    content: textOf(random, 5 + below(random, 30)),
    tags: [
      ["e", tags.find(([name, , , role]) => name === "e" && role === "root")?.[1] ?? id, "", "root", pubkey],
      ["e", id, "wss://relay.example/", "reply", pubkey],
      ["p", pubkey],
      ["p", people.draw(random).pubkey],
    ],
  }),
  tagged: (random) => ({
    kind: KIND.note,
    content: textOf(random, 10 + below(random, 60)),
    tags: [
      ["t", hashtag(random)],
      ["t", hashtag(random)],
      ["r", `https://site.example/${hexOf(random, 8)}`],
      ["client", "bench"],
    ],
  }),
  reaction: (_, { id, pubkey }) => ({
    kind: KIND.reaction,
    content: "+",
    tags: [
      ["e", id, "wss://relay.example/", pubkey],
      ["p", pubkey],
      ["k", "1"],
    ],
  }),
  repost: (_, about) => ({
    kind: KIND.repost,
    content: JSON.stringify(about),
    tags: [
      ["e", about.id, "wss://relay.example/"],
      ["p", about.pubkey],
    ],
  }),
  profile,
  article: (random) => ({
    kind: KIND.article,
    content: textOf(random, 300 + below(random, 900)),
    tags: [
      ["d", `${textOf(random, 1)}-${hexOf(random, 3)}`],
      ["title", textOf(random, 5)],
      ["t", hashtag(random)],
    ],
  }),
};

function note(random: Random): Draft {
  return { kind: KIND.note, content: textOf(random, 5 + below(random, 60)), tags: [] };
}

function profile(random: Random): Draft {
  const name = textOf(random, 1);
  const about = textOf(random, 25);
  const picture = `https://pictures.example/${name}.jpg`;
  return {
    kind: KIND.profile,
    tags: [],
    content: JSON.stringify({ name, about, picture, nip05: `${name}@site.example` }),
  };
}

function contacts(follows: string[]): Draft {
  return { kind: KIND.contacts, content: "", tags: follows.map((pubkey) => ["p", pubkey]) };
}

function relays(random: Random): Draft {
  const tags = Array.from({ length: 6 }, () => ["r", `wss://relay${below(random, 50)}.example/`]);
  return { kind: KIND.relays, content: "", tags };
}
