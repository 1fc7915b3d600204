import { describe, expect, it } from "vitest";
import type { Notice } from "../../telemetry/log.ts";
import type { Watched } from "../../store/watch/watched.ts";
import type { Spending } from "../../telemetry/spending.ts";
import { Counts } from "../../telemetry/counts.ts";
import type { AlertState } from "./alerts.ts";
import type { Notification } from "./notification.ts";
import type { ProbeResult } from "./probe.ts";
import { watch, type WatchDeps } from "./watch.ts";

const OK: ProbeResult = { outcome: "ok", milliseconds: 40 };
const FAILED: ProbeResult = { outcome: "failed", milliseconds: 15_000, problem: "no OK within 15 s" };
/** A minute at which everything is due. */
const START = 30_000_000;
const HOUR = 60;
const DAY = 24 * HOUR;

/** A relay under watch, with a virtual clock. What it is like can be changed while it runs. */
class World {
  minute = START;
  result = OK;
  size: WatchDeps["size"] = { level: "ok", percent: 10 };
  watched: Watched | Error = { queues: undefined, letters: 0, behind: [] };
  spending: Spending | Error | undefined;
  interval = 900;
  webhookWorks = true;
  tests = 0;
  saved: ProbeResult[] = [];
  log: Notice[] = [];
  told: { minute: number; text: string; states: string[] }[] = [];
  state: string | undefined;
  metrics = new Counts();

  get now(): number {
    return 60 * this.minute;
  }

  private readonly deps = (): WatchDeps => ({
    interval: this.interval,
    probe: async () => {
      this.tests += 1;
      return this.result;
    },
    saveProbe: async (result) => void this.saved.push(result),
    size: this.size,
    readWatched: async () => {
      if (this.watched instanceof Error) throw this.watched;
      return this.watched;
    },
    readSpending: async () => {
      if (this.spending instanceof Error) throw this.spending;
      return this.spending;
    },
    state: {
      // As the platform keeps it: a copy.
      read: async () => (this.state === undefined ? undefined : JSON.parse(this.state)),
      save: async (state: AlertState) => void (this.state = JSON.stringify(state)),
    },
    channels: { webhook: (notification) => this.call(notification) },
    relay: "A relay",
    now: () => this.now,
    metrics: this.metrics,
    report: (notice) => void this.log.push(notice as Notice),
  });

  /** Runs the minute jobs of so many minutes. */
  async pass(minutes: number): Promise<void> {
    for (let n = 0; n < minutes; n += 1) {
      await watch(this.deps(), this.minute);
      this.minute += 1;
    }
  }

  /** Returns what the webhook was told since the last call, as `id state`. */
  news(): string[] {
    return this.told.splice(0).flatMap(({ states }) => states);
  }

  private async call({ text, news }: Notification): Promise<void> {
    if (!this.webhookWorks) throw new Error("the webhook answered 500");
    this.told.push({
      minute: this.minute - START,
      text,
      states: news.map(({ id, kind }) => `${id} ${kind}`),
    });
  }
}

describe("the relay tests itself", () => {
  it.each([
    [0, 0],
    [1, 60],
    [60, 60],
    [90, 30],
    [900, 4],
    [3600, 1],
  ])("with an interval of %i s, %i times an hour", async (interval, times) => {
    const world = new World();
    world.interval = interval;
    await world.pass(HOUR);
    expect([world.tests, world.saved.length]).toEqual([times, times]);
  });

  it("a failure is an alert, a refusal is none, and both are kept", async () => {
    const world = new World();
    world.result = { outcome: "refused", milliseconds: 20, problem: "an event was refused" };
    await world.pass(15);
    expect([world.log, world.news()]).toEqual([[], []]);
    world.result = FAILED;
    await world.pass(15);
    expect(world.news()).toEqual(["probe begun"]);
    expect(world.log.map(({ message }) => message)).toEqual([
      "the relay does not work as a client needs it: no OK within 15 s",
    ]);
    expect(world.log[0]?.details).toMatchObject({ level: "error", todo: expect.any(String) });
    expect(world.saved.map(({ outcome }) => outcome)).toEqual(["refused", "failed"]);
    expect(world.metrics.list()).toEqual([
      { name: "probe_failures_total", labels: { source: "cron" }, amounts: [1] },
    ]);
  });

  it("an open alert ends if the tests are turned off", async () => {
    const world = new World();
    world.result = FAILED;
    await world.pass(15);
    world.interval = 0;
    await world.pass(HOUR);
    expect(world.news()).toEqual(["probe begun", "probe over"]);
  });
});

describe("an alert about SPEND_LIMIT", () => {
  const spending: Spending = { level: "no-pulls", spent: 5.5, forecast: 12, limit: 10 };

  it("is said, again when it gets worse, and is over with the month; a relay that serves nobody is not tested", async () => {
    const world = new World();
    world.spending = spending;
    await world.pass(15);
    expect(world.told[0]?.text).toMatch(/\$5\.50 of the \$10\.00 .*\$12\.00: upstreams are not pulled/);
    expect([world.news(), world.tests]).toEqual([["spending begun"], 1]);
    world.spending = { ...spending, level: "stopped", spent: 9.6 };
    await world.pass(HOUR);
    expect([world.news(), world.tests]).toEqual([["spending worse"], 1]);
    world.spending = { ...spending, level: "free", spent: 0 };
    await world.pass(HOUR);
    expect([world.news(), world.tests]).toEqual([["spending over"], 5]);
  });

  it("stays open while the counters do not answer, which is one too", async () => {
    const world = new World();
    world.spending = spending;
    await world.pass(1);
    world.spending = new Error("the object was reset");
    await world.pass(HOUR);
    expect(world.news()).toEqual(["spending begun", "counters begun"]);
  });
});

describe("an alert", () => {
  it("is said once, again each day, and when it is over", async () => {
    const world = new World();
    world.result = FAILED;
    await world.pass(2 * DAY + HOUR);
    expect(world.told.map(({ minute, states }) => [minute, ...states])).toEqual([
      [0, "probe begun"],
      [DAY, "probe still"],
      [2 * DAY, "probe still"],
    ]);
    world.news();
    world.result = OK;
    await world.pass(2 * DAY);
    expect(world.news()).toEqual(["probe over"]);
    expect(JSON.parse(world.state ?? "")).toEqual({ version: 1, alerts: {} });
  });

  it("says what to do, and who says it", async () => {
    const world = new World();
    world.result = FAILED;
    await world.pass(1);
    expect(world.told[0]?.text).toMatch(/^A relay\nProblem: the relay does not work.*\nWhat to do: look for/);
  });

  it("is one alert if it comes and goes", async () => {
    const world = new World();
    for (let times = 0; times < 20; times += 1) {
      world.result = times % 2 === 0 ? FAILED : OK;
      await world.pass(15);
    }
    expect(world.news()).toEqual(["probe begun"]);
    await world.pass(HOUR);
    expect(world.news()).toEqual(["probe over"]);
  });

  it("is said again when it gets worse", async () => {
    const world = new World();
    for (const [level, percent] of [
      ["filling", 80],
      ["filling", 85],
      ["reserved", 90],
      ["full", 98],
      ["full", 99],
    ] as const) {
      world.size = { level, percent };
      await world.pass(HOUR);
    }
    expect(world.news()).toEqual(["storage begun", "storage worse", "storage worse"]);
    world.size = { level: "ok", percent: 70 };
    await world.pass(HOUR);
    expect(world.news()).toEqual(["storage over"]);
  });

  it("waits for a webhook that fails, and is in the log meanwhile", async () => {
    const world = new World();
    world.webhookWorks = false;
    world.result = FAILED;
    await world.pass(HOUR);
    expect(world.news()).toEqual([]);
    const failures = world.log.filter(({ message }) => message.includes("could not be sent (webhook)"));
    expect(failures).toHaveLength(12);
    expect(world.log.filter(({ details }) => details.level === "error")).toHaveLength(1);
    world.webhookWorks = true;
    await world.pass(HOUR);
    expect(world.news()).toEqual(["probe begun"]);
  });

  it("that is over before the webhook works again is not told any more; an end that it missed is", async () => {
    const world = new World();
    world.webhookWorks = false;
    world.result = FAILED;
    await world.pass(HOUR);
    world.result = OK;
    await world.pass(2 * HOUR);
    world.webhookWorks = true;
    await world.pass(HOUR);
    expect(world.news()).toEqual([]);

    world.result = FAILED;
    await world.pass(HOUR);
    world.webhookWorks = false;
    world.result = OK;
    await world.pass(2 * HOUR);
    world.webhookWorks = true;
    await world.pass(HOUR);
    expect(world.news()).toEqual(["probe begun", "probe over"]);
  });

  it("is said again after an upgrade whose state is unknown", async () => {
    const world = new World();
    world.result = FAILED;
    await world.pass(HOUR);
    world.state = '{"version":2,"open":["probe"]}';
    await world.pass(HOUR);
    expect(world.news()).toEqual(["probe begun", "probe begun"]);
  });
});

describe("the database", () => {
  it("does not answer: one failure is none, an outage is", async () => {
    const world = new World();
    world.watched = new Error("D1 is away");
    await world.pass(5);
    world.watched = { queues: undefined, letters: 0, behind: [] };
    await world.pass(HOUR);
    expect(world.news()).toEqual([]);
    world.watched = new Error("D1 is away");
    await world.pass(DAY / 2);
    expect(world.news()).toEqual(["database begun"]);
    world.watched = { queues: undefined, letters: 0, behind: [] };
    await world.pass(HOUR);
    expect(world.news()).toEqual(["database over"]);
  });

  it("says nothing about other alerts while it does not answer", async () => {
    const world = new World();
    world.watched = { queues: undefined, letters: 12, behind: [] };
    await world.pass(5);
    world.watched = new Error("D1 is away");
    await world.pass(2 * HOUR);
    expect(world.news()).toEqual(["dead-letters begun", "database begun"]);
  });
});

describe("what the aggregator does", () => {
  const behind = {
    url: "wss://a.example/?token=hunter2",
    failures: 7,
    problem: "cannot connect",
    pulledTo: null,
  };

  it("an upstream that is behind, without the query of its address", async () => {
    const world = new World();
    world.watched = { queues: undefined, letters: 0, behind: [behind] };
    await world.pass(HOUR);
    expect(world.told).toHaveLength(1);
    expect(world.told[0]?.text).toContain(
      "the upstream wss://a.example/?… has never been pulled, and the last 7 pulls failed: cannot connect",
    );
    expect(world.told[0]?.states).toEqual(["upstream wss://a.example/?… begun"]);
  });

  it("its minute job does not run: only that is said, not that all upstreams are behind", async () => {
    const world = new World();
    world.watched = { queues: { lookedAt: world.now, oldest: world.now }, letters: 0, behind: [] };
    await world.pass(3 * HOUR);
    world.watched = { ...world.watched, behind: [behind] };
    await world.pass(HOUR);
    expect(world.news()).toEqual(["aggregator begun"]);
  });

  it("events wait for long, and many could not be stored", async () => {
    const world = new World();
    for (let minutes = 0; minutes < 3 * HOUR; minutes += 5) {
      world.watched = {
        queues: { lookedAt: world.now, oldest: 60 * START },
        letters: Math.min(100, minutes),
        behind: [],
      };
      await world.pass(5);
    }
    expect(world.news()).toEqual(["dead-letters begun", "queue begun"]);
  });

  it("no room: upstreams that are behind are not said one by one", async () => {
    const world = new World();
    world.size = { level: "reserved", percent: 91 };
    world.watched = { queues: undefined, letters: 0, behind: [behind] };
    await world.pass(HOUR);
    expect(world.news()).toEqual(["storage begun"]);
  });
});

it("what fails in the watch itself is in the log, and the next minute goes on", async () => {
  const world = new World();
  world.state = "not JSON";
  await world.pass(5);
  expect(world.log).toHaveLength(1);
  expect(world.log[0]).toBeInstanceOf(SyntaxError);
});
