/** The methods of the management API for upstreams. They change the database; the aggregator reads it each minute. */
import { parseUpstreamSettings } from "../../store/upstreams/upstream-settings.ts";
import { statusOf, unseenStatus } from "../../store/upstreams/upstream-status.ts";
import type { StoredUpstream, UpstreamChange } from "../../store/upstreams/upstreams.ts";
import { answer, type Asked, type Decision, type Method, refuse } from "../decision.ts";

type UpstreamMethod =
  | "addupstream"
  | "changeupstream"
  | "removeupstream"
  | "listupstreams"
  | "pauseupstream"
  | "resumeupstream"
  | "backfillupstream";

/** Each upstream that is due takes a job of the aggregator. */
const MOST_UPSTREAMS = 1000;
const MOST_BACKFILLS = 20;

export const UPSTREAM_DECISIONS: { [Name in UpstreamMethod]: Method<Name> } = {
  addupstream: async ([url, given], { store, config }) => {
    if (config.RELAY_URL === url) return refuse(`${url} is this relay itself`);
    const { found, count } = await store.upstream(url);
    if (config.UPSTREAMS.includes(url) || (found && found.origin !== "settings"))
      return refuse(`${url} is an upstream already: change it with changeupstream`);
    if (count >= MOST_UPSTREAMS) return refuse(`there are ${count} upstreams, and no more are allowed`);
    const parsed = parseUpstreamSettings(given);
    if (!parsed.ok) return refuse(parsed.reason);
    return change({ do: "put-upstream", url, origin: "operator", settings: parsed.settings });
  },

  changeupstream: ([url, given], asked) =>
    withUpstream(url, asked, (found) => {
      if (found && !found.settings)
        return refuse(`the settings of ${url} are of a later version of the relay: change them there`);
      const parsed = parseUpstreamSettings(merged(found?.settings ?? {}, given));
      if (!parsed.ok) return refuse(parsed.reason);
      const origin = found?.origin ?? "settings";
      return change({ do: "put-upstream", url, origin, settings: parsed.settings });
    }),

  removeupstream: ([url], asked) =>
    withUpstream(url, asked, (found) => {
      if (asked.config.UPSTREAMS.includes(url))
        return refuse(`${url} is in the setting UPSTREAMS: remove it from UPSTREAMS, or pause it`);
      if (found?.origin === "outbox")
        return refuse(`${url} is where authors write that are followed, and would come back: pause it`);
      return change({ do: "remove-upstream", url });
    }),

  listupstreams: async (_, { store, config, now }) => {
    const upstreams = await store.upstreams();
    const seen = new Set(upstreams.map(({ url }) => url));
    return answer([
      ...upstreams.map((one) => statusOf(one, config.UPSTREAMS, now)),
      ...config.UPSTREAMS.filter((url) => !seen.has(url)).map((url) => unseenStatus(url, now)),
    ]);
  },

  pauseupstream: ([url], asked) => withUpstream(url, asked, () => change({ do: "pause-upstream", url })),
  resumeupstream: ([url], asked) => withUpstream(url, asked, () => change({ do: "resume-upstream", url })),

  backfillupstream: ([url, since, until], asked) =>
    withUpstream(url, asked, (found) => {
      const { now, config } = asked;
      const range = { since, until: Math.min(until ?? now, now) };
      if (range.since > range.until) return refuse(`since (${since}) is after until (${range.until})`);
      const oldest = config.CREATED_AT_LOWER_LIMIT === 0 ? 0 : now - config.CREATED_AT_LOWER_LIMIT;
      if (since < oldest)
        return refuse(
          `since is ${since}, but the relay refuses events before ${oldest} (CREATED_AT_LOWER_LIMIT)`,
        );
      if (found?.settings?.direction === "out")
        return refuse(`${url} is only published to: change its direction to in or both first`);
      if ((found?.backfills.length ?? 0) >= MOST_BACKFILLS)
        return refuse(
          `${url} has ${MOST_BACKFILLS} backfills that no pull has begun: wait for its next pull`,
        );
      return change({ do: "backfill-upstream", url, range });
    }),
};

function change(one: UpstreamChange): Decision {
  return { kind: "change", changes: [one], isForAggregator: true };
}

/** Decides on an upstream; undefined if it is in UPSTREAMS only. Refuses if there is none. */
async function withUpstream(
  url: string,
  { store, config }: Asked,
  decide: (found: StoredUpstream | undefined) => Decision,
): Promise<Decision> {
  const { found } = await store.upstream(url);
  return found || config.UPSTREAMS.includes(url)
    ? decide(found)
    : refuse(`there is no upstream ${url}: listupstreams lists them, and addupstream adds one`);
}

/** Returns the settings with those that are given. A setting that is given as null has its default again. */
function merged(settings: object, given: object): object {
  const entries = Object.entries({ ...settings, ...given });
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}
