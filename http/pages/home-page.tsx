/** The home page: what the relay is, what it accepts, and the newest notes. It is answered even if the database does not answer. */
import type { Context } from "hono";
import { NOTE } from "../../nostr/kinds.ts";
import type { Moderation } from "../../relay/access/moderation-snapshot.ts";
import { HomePage, type HomeProps, type Newest } from "../../web/pages/home.tsx";
import { pictureUrl } from "../../web/parts/safe-url.ts";
import type { AppEnv } from "../app-env.ts";
import { describeRelay, page } from "./page.tsx";
import { readProfiles, readPublic } from "../public-events.ts";
import { RecentValue } from "../recent-value.ts";
import { rulesOf } from "../relay-rules.ts";

const ARTICLE = 30_023;
const MOST_NOTES = 12;
/** How long one isolate shows the same notes. */
const NOTES_SECONDS = 10;
/** Pulls run once a minute. */
const UPSTREAMS_SECONDS = 30;
const MOST_UPSTREAMS = 12;
/** Parameters of a query, which the page for exploring understands. */
const QUERY = /^(?:ids|authors|kinds|tag\.[a-zA-Z]|since|until|limit|search|keyword|order|cursor)$/;

export type Home = (c: Context<AppEnv>, moderation: Moderation | undefined) => Promise<Response>;

/** Returns the handler, which remembers for some seconds what it has read. */
export function createHome(): Home {
  const notes = new RecentValue<Newest>(NOTES_SECONDS);
  const upstreams = new RecentValue<Upstreams>(UPSTREAMS_SECONDS);
  return async (c, moderation) => {
    const { search, searchParams } = new URL(c.req.url);
    if ([...searchParams.keys()].some((name) => QUERY.test(name))) return c.redirect(`/explore${search}`);
    const config = moderation?.config ?? c.env.config;
    const [newest, gathered, figures] = await Promise.all([
      config.READ_ACCESS === "open" ? newestNotes(c, notes) : { reason: CLOSED[config.READ_ACCESS] },
      gatheredFrom(c, upstreams),
      figuresOf(c),
    ]);
    return page(
      c,
      <HomePage
        relay={describeRelay(c, moderation)}
        figures={figures}
        banner={pictureUrl(config.RELAY_BANNER)}
        rules={rulesOf(config, moderation?.kinds ?? ALL_KINDS)}
        newest={newest}
        upstreams={gathered}
        now={c.env.now()}
      />,
    );
  };
}

type Upstreams = NonNullable<HomeProps["upstreams"]>;

const ALL_KINDS: Moderation["kinds"] = { allowed: [], disallowed: [] };

const CLOSED = {
  auth: "To read here, your client must authenticate (NIP-42). So this page shows no notes.",
  allow: "Only people on the relay's list may read here. So this page shows no notes.",
} as const;

/** Undefined if the counters or the database do not answer. The page is worth reading without them. */
async function figuresOf(c: Context<AppEnv>): Promise<HomeProps["figures"]> {
  try {
    return await c.env.publicFigures();
  } catch (error) {
    c.env.report(error);
    return undefined;
  }
}

async function newestNotes(c: Context<AppEnv>, recent: RecentValue<Newest>): Promise<Newest> {
  const now = c.env.now();
  const known = recent.get(now);
  if (known) return known;
  try {
    const read = await readPublic(c, { kinds: [NOTE, ARTICLE] }, MOST_NOTES);
    if (!read.ok) return { reason: `The relay does not show its notes now: ${read.refusal.reason}.` };
    return recent.set({ events: read.events, profiles: await readProfiles(c, read.events) }, now);
  } catch (error) {
    c.env.report(error);
    return { reason: "The relay cannot reach its database now. Look again in a minute." };
  }
}

/** Returns the upstreams that lag the least; undefined if the database does not answer. An address may contain a secret, so only its host is shown. */
async function gatheredFrom(
  c: Context<AppEnv>,
  recent: RecentValue<Upstreams>,
): Promise<Upstreams | undefined> {
  const { management, config, report } = c.env;
  const now = c.env.now();
  const known = recent.get(now);
  if (known) return known;
  try {
    const all = await management.store.pullProgress(config.UPSTREAMS);
    const lines = all.map(({ url, failures, pulledTo }) => ({
      name: new URL(url).host,
      lag: pulledTo === null ? undefined : Math.max(0, now - pulledTo),
      isFailing: failures > 0,
    }));
    const sorted = lines.toSorted((a, b) => (a.lag ?? Infinity) - (b.lag ?? Infinity));
    return recent.set({ shown: sorted.slice(0, MOST_UPSTREAMS), count: sorted.length }, now);
  } catch (error) {
    report(error);
    return undefined;
  }
}
