import type { Event } from "../../nostr/event.ts";
import type { Profiles } from "./profile.ts";

/** What the parts of a card get that show what an event says. */
export interface BodyProps {
  event: Event;
  profiles: Profiles;
  /** Whether to show all of a long text. */
  isWhole: boolean;
}

/** Returns the maximum number of characters to show. */
export function mostOf({ isWhole }: Pick<BodyProps, "isWhole">): number {
  return isWhole ? 100_000 : 500;
}
