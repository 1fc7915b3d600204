/** The page of one person, at /p/ and npub1…, nprofile1… or a key in hex. */
import type { Hono } from "hono";
import { described } from "../../nostr/characters.ts";
import { NOTE, PROFILE } from "../../nostr/kinds.ts";
import { parseReference, PUBKEY } from "../../nostr/reference.ts";
import { ProfilePage } from "../../web/pages/profile.tsx";
import { parseProfile } from "../../web/parts/profile.ts";
import type { AppEnv } from "../app-env.ts";
import { messagePage, page, refusedPage, relayOf } from "./page.tsx";
import { readProfiles, readPublic } from "../public-events.ts";

/** In characters. */
const LONGEST_REFERENCE = 1000;
const MOST_NOTES = 20;
const ARTICLE = 30_023;

export function addProfilePage(app: Hono<AppEnv>): void {
  app.get("/p/:key", async (c) => {
    const given = c.req.param("key");
    const pubkey = given.length <= LONGEST_REFERENCE ? parseReference(given, PUBKEY)?.value : undefined;
    if (pubkey === undefined)
      return messagePage(c, {
        status: 404,
        title: "Not a key",
        says: `The address has ${described(given)}, expected npub1…, nprofile1… or a public key in hex.`,
      });
    const authors = [pubkey];
    const [own, notes] = await Promise.all([
      readPublic(c, { kinds: [PROFILE], authors }, 1),
      readPublic(c, { kinds: [NOTE, ARTICLE], authors }, MOST_NOTES),
    ]);
    if (!own.ok) return refusedPage(c, own.refusal);
    if (!notes.ok) return refusedPage(c, notes.refusal);
    const [profile] = own.events;
    if (!profile && notes.events.length === 0)
      return messagePage(c, {
        status: 404,
        title: "Nobody by this key",
        says: "This relay has neither a profile nor notes of this key. Another relay may have them.",
      });
    const named = await readProfiles(c, notes.events);
    const profiles = profile ? new Map([...named, [pubkey, parseProfile(profile)] as const]) : named;
    return page(
      c,
      <ProfilePage
        relay={await relayOf(c)}
        pubkey={pubkey}
        profiles={profiles}
        notes={notes.events}
        now={c.env.now()}
      />,
    );
  });
}
