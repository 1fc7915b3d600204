/** `sync`: brings what one relay lacks to it from another, in both directions (NIP-77). */
import { matcher, parseFilter } from "../../nostr/filter.ts";
import type { Side } from "../../nostr/negentropy-bridge.ts";
import { pauseIn } from "../../aggregator/conversation/refusal.ts";
import { onInterrupt } from "../move/on-interrupt.ts";
import { showProgress } from "../move/progress.ts";
import { fastVerify } from "../move/read-record.ts";
import { Tally } from "../move/tally.ts";
import { readOptions } from "../shared/options.ts";
import { note, print } from "../shared/printing.ts";
import { RELAY_HELP, RELAY_OPTION, relayUrl } from "../shared/relay-option.ts";
import { countOf, timeOf } from "../shared/units.ts";
import { CommandError, UsageError } from "../shared/usage.ts";
import { comparePages } from "../sync/compare-pages.ts";
import { compareSets, type Range } from "../sync/compare-sets.ts";
import { Transfer } from "../sync/transfer.ts";
import { aboutRelay } from "./about-relay.ts";
import { AUTH_HELP, AUTH_OPTION } from "./auth-option.ts";
import { FILTER_HELP, FILTER_OPTIONS, filterOf } from "./filter-options.ts";
import { relayPages } from "./relay-pages.ts";
import { SyncedRelay } from "./synced-relay.ts";
import { timeoutHelp, TIMEOUT_OPTION, timeoutOf } from "./timeout-option.ts";

export const summary = "bring what a relay lacks to it from another (NIP-77)";
export const help = `Usage: npm run nostr -- sync RELAY [options]

Compares the events of a relay with those of RELAY, the address of another one, and publishes to each what
only the other has. Only differences are transferred, if both relays speak NIP-77. Otherwise their events are
read page by page. The exit status is 1 if anything was refused, or if events may be missing.

  --down             only from RELAY to the relay
  --up               only from the relay to RELAY
  --dry-run          transfer nothing: print "down" or "up" and the id of each event that would be
${FILTER_HELP.replace(/ {2}--search.*\n/, "")}${AUTH_HELP}${timeoutHelp("45")}${RELAY_HELP}`;

const { search: _search, limit: _limit, ...CONDITIONS } = FILTER_OPTIONS;

/** The direction in which the events of a side go. The left side is the relay, and the right one is RELAY. */
const DIRECTIONS = { right: "down", left: "up" } as const;
const SIDES = ["right", "left"] as const;

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = readOptions(
    args,
    {
      ...RELAY_OPTION,
      ...AUTH_OPTION,
      ...TIMEOUT_OPTION,
      ...CONDITIONS,
      down: { type: "boolean", default: false },
      up: { type: "boolean", default: false },
      "dry-run": { type: "boolean", default: false },
    },
    1,
  );
  const [other] = positionals;
  if (other === undefined)
    throw new UsageError("the other relay is missing: name its address, such as wss://relay.example");
  const urls = { left: relayUrl(values.relay), right: relayUrl(other, "the other relay") };
  if (urls.left === urls.right) throw new UsageError(`both relays are the same: ${urls.left}`);
  const filter = filterOf(values);
  const options = { auth: values.auth, timeout: timeoutOf(values.timeout), filter };
  const relays = { left: new SyncedRelay(urls.left, options), right: new SyncedRelay(urls.right, options) };
  const isBoth = values.up === values.down;
  const sides = SIDES.filter((side) => isBoth || values[DIRECTIONS[side]]);
  try {
    await relays.left.reach();
    await relays.right.reach();
    await new Sync(relays, sides, { ...options, isDry: values["dry-run"] }).run();
  } finally {
    await relays.left.close();
    await relays.right.close();
  }
}

interface SyncOptions {
  auth: boolean;
  timeout: number | undefined;
  filter: Record<string, unknown>;
  isDry: boolean;
}

class Sync {
  readonly #relays: Record<Side, SyncedRelay>;
  /** The sides whose events go to the other one. */
  readonly #sides: readonly Side[];
  readonly #options: SyncOptions;
  readonly #transfers: Record<Side, Transfer>;
  readonly #tallies = { left: new Tally(), right: new Tally() };
  /** How many events would be transferred. */
  readonly #planned = { left: 0, right: 0 };
  readonly #interrupted = onInterrupt();
  readonly #problems: string[] = [];

  constructor(relays: Record<Side, SyncedRelay>, sides: readonly Side[], options: SyncOptions) {
    this.#relays = relays;
    this.#sides = sides;
    this.#options = options;
    const parsed = parseFilter(options.filter);
    if (!parsed.ok) throw new UsageError(parsed.reason);
    const shared = { verify: fastVerify(), matches: matcher(parsed.filter) };
    const from = (side: Side, to: SyncedRelay) =>
      new Transfer({
        ...shared,
        name: DIRECTIONS[side],
        fetch: (ids) => relays[side].fetch(ids),
        destination: to,
        tally: this.#tallies[side],
        dry: options.isDry ? (ids) => this.#plan(side, ids) : undefined,
      });
    this.#transfers = { left: from("left", relays.right), right: from("right", relays.left) };
  }

  async run(): Promise<void> {
    try {
      await this.#compare();
    } catch (error) {
      note(`before the end: ${this.#text}`);
      throw error;
    }
    if (this.#interrupted.aborted) throw new CommandError(`interrupted: ${this.#text}; sync again to go on`);
    if (this.#options.isDry) note(this.#text);
    else for (const side of this.#sides) await print(this.#textOf(side));
    const refused = this.#sides.reduce((sum, side) => sum + this.#tallies[side].counts.refused, 0);
    if (refused > 0)
      this.#problems.push(
        refused === 1 ? "one event was refused" : `${countOf(refused)} events were refused`,
      );
    if (this.#problems.length > 0) throw new CommandError(this.#problems.join("; "));
  }

  async #compare(): Promise<void> {
    using _progress = showProgress("events", () => ({ count: this.#count }));
    const { filter } = this.#options;
    const { since, until } = filter as Range;
    const range = { ...(since !== undefined && { since }), ...(until !== undefined && { until }) };
    const silent = await this.#sideWithoutNip77();
    if (silent) await this.#comparePages(range, silent, "its document does not list it");
    else await this.#compareSets(range);
    await this.#each((side) => this.#transfers[side].finish());
  }

  async #compareSets(range: Range): Promise<void> {
    const { filter } = this.#options;
    await compareSets(range, {
      sync: (side, range) => this.#relays[side].sync({ ...filter, ...range }),
      found: (only) => this.#each((side) => this.#transfers[side].take(only[side])),
      otherwise: (range, side, reason) => this.#comparePages(range, side, reason),
      pause: (side, reason, attempt) => this.#relays[side].pause(reason, pauseIn(reason), attempt),
      signal: this.#interrupted,
      now: () => Math.floor(Date.now() / 1000),
    });
  }

  /** A relay that does not know the messages of NIP-77 may stay silent, or worse: it is not sent them. */
  async #sideWithoutNip77(): Promise<Side | undefined> {
    for (const side of SIDES) {
      const { isCompared } = await aboutRelay(this.#relays[side].url, this.#options.timeout);
      if (!isCompared) return side;
    }
    return undefined;
  }

  async #comparePages(range: Range, side: Side, reason: string): Promise<void> {
    const { url } = this.#relays[side];
    note(`${url} cannot be compared with NIP-77 (${reason}): reading all events that match, page by page`);
    const pages = (side: Side) => {
      const { auth, timeout, filter } = this.#options;
      const { url } = this.#relays[side];
      const isCut = (second: number) =>
        void this.#problems.push(
          `${url} sent only a part of the events of ${timeOf(second)} (second ${second}): some may be missing`,
        );
      return relayPages(url, { ...filter, ...range }, { auth, timeout, isCut });
    };
    for await (const only of comparePages({ left: pages("left"), right: pages("right") })) {
      await this.#each((side) => this.#transfers[side].store(only[side]));
      if (this.#interrupted.aborted) return;
    }
  }

  /** Both directions go on at the same time. */
  async #each(work: (side: Side) => Promise<void>): Promise<void> {
    await Promise.all(this.#sides.map(work));
  }

  async #plan(side: Side, ids: readonly string[]): Promise<void> {
    this.#planned[side] += ids.length;
    if (ids.length > 0) await print(ids.map((id) => `${DIRECTIONS[side]} ${id}`).join("\n"));
  }

  get #count(): number {
    return this.#sides.reduce((sum, side) => sum + this.#tallies[side].lines + this.#planned[side], 0);
  }

  get #text(): string {
    return this.#sides.map((side) => this.#textOf(side)).join("; ");
  }

  #textOf(side: Side): string {
    const text = this.#options.isDry
      ? `${countOf(this.#planned[side])} would be transferred`
      : this.#tallies[side].text;
    return `${DIRECTIONS[side]}: ${text}`;
  }
}
