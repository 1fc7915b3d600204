/** The contract of every store of upstreams, as operators see and change them. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NEW_LIVE_HEALTH } from "../../store/upstreams/live-health.ts";
import { DEFAULT_SETTINGS } from "../../store/upstreams/upstream-settings.ts";
import type { UpstreamChange } from "../../store/upstreams/upstreams.ts";
import type { ModerationSetup } from "./moderation.ts";

const URL = "wss://upstream.test";
const KINDS = { ...DEFAULT_SETTINGS, filters: [{ kinds: [1] }] };
const put = (url = URL): UpstreamChange => ({ do: "put-upstream", url, origin: "operator", settings: KINDS });

export function upstreamsContract(name: string, setup: ModerationSetup): void {
  describe(`upstreams on ${name}`, () => {
    let at: Awaited<ReturnType<ModerationSetup>>;
    beforeEach(async () => {
      at = await setup();
    });
    afterEach(() => at.teardown());

    let calls = 0;
    const change = (...changes: UpstreamChange[]) => {
      calls += 1;
      const entry = { at: calls, pubkey: "c".repeat(64), method: "m", params: [], outcome: "done" };
      return at.moderation.change(changes, entry);
    };
    const found = async () => (await at.moderation.upstream(URL)).found;

    it("has none at first", async () => {
      expect(await at.moderation.upstreams()).toEqual([]);
      expect(await at.moderation.upstream(URL)).toEqual({ found: undefined, count: 0 });
    });

    it("has what was added, by address, and a line in the audit log for each change", async () => {
      await change(put("wss://z.test"));
      await change(put("wss://a.test"));
      expect((await at.moderation.upstreams()).map(({ url }) => url)).toEqual([
        "wss://a.test",
        "wss://z.test",
      ]);
      expect(await at.moderation.upstream("wss://a.test")).toEqual({
        found: {
          url: "wss://a.test",
          origin: "operator",
          isPaused: false,
          settings: KINDS,
          cursor: { version: 2, filters: { "{}": { pending: [] } } },
          health: { version: 1, pulls: 0, failures: 0, bytes: 0, received: 0, queued: 0 },
          live: NEW_LIVE_HEALTH,
          failures: 0,
          dueAt: 0,
          leasedUntil: 0,
          backfills: [],
        },
        count: 2,
      });
      expect(await at.moderation.auditLog(10)).toHaveLength(2);
    });

    it("keeps everything else when the settings change, a pull is paused, or a backfill is added", async () => {
      await change(put());
      await change({ do: "pause-upstream", url: URL });
      expect(await found()).toMatchObject({ isPaused: true, settings: KINDS, origin: "operator" });
      await change({ ...put(), settings: DEFAULT_SETTINGS } as UpstreamChange);
      expect(await found()).toMatchObject({ isPaused: true, settings: DEFAULT_SETTINGS });
      const ranges = [
        { since: 1, until: 2 },
        { since: 5, until: 9 },
      ];
      for (const range of ranges) await change({ do: "backfill-upstream", url: URL, range });
      await change({ do: "resume-upstream", url: URL });
      expect(await found()).toMatchObject({ isPaused: false, backfills: ranges, settings: DEFAULT_SETTINGS });
    });

    it.each<[UpstreamChange, object]>([
      [{ do: "pause-upstream", url: URL }, { isPaused: true }],
      [
        { do: "backfill-upstream", url: URL, range: { since: 1, until: 2 } },
        { backfills: [{ since: 1, until: 2 }] },
      ],
    ])("%j adds one of UPSTREAMS that the aggregator has not seen yet", async (one, state) => {
      await change(one);
      expect(await found()).toMatchObject({ origin: "settings", settings: DEFAULT_SETTINGS, ...state });
    });

    it("says how far the pulls are, of those that are pulled", async () => {
      const outOnly = { ...KINDS, direction: "out" as const };
      await change(put(), put("wss://paused.test"), {
        ...put("wss://out.test"),
        settings: outOnly,
      } as UpstreamChange);
      await change(
        { do: "pause-upstream", url: "wss://paused.test" },
        { do: "resume-upstream", url: "wss://listed.test" },
        { do: "resume-upstream", url: "wss://unlisted.test" },
      );
      expect(await at.moderation.pullProgress(["wss://listed.test"])).toEqual([
        { url: "wss://listed.test", failures: 0, pulledTo: null },
        { url: URL, failures: 0, pulledTo: null },
      ]);
    });

    it("forgets what was removed", async () => {
      await change(put());
      await change({ do: "remove-upstream", url: URL });
      expect(await at.moderation.upstreams()).toEqual([]);
    });
  });
}
