/** Stores events in the state folder of a relay that does not run. They take the same path as events that the relay gets. */
import { setImmediate } from "node:timers/promises";
import type { Event } from "../../nostr/event.ts";
import { unixSeconds } from "../../platforms/clock.ts";
import { readMigrations } from "../../platforms/migration-files.ts";
import { Access } from "../../relay/access/access.ts";
import { type Config, parseConfig } from "../../relay/config.ts";
import { createIngest } from "../../relay/ingest/create-ingest.ts";
import { type Ingest, okFields } from "../../relay/ingest/ingest.ts";
import { type EventFile, openEventFile } from "../../server/event-file.ts";
import { createModerationStore } from "../../store/moderation/sql-moderation.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import { sizedDatabase, StoreSize } from "../../store/database/store-size.ts";
import { Counts } from "../../telemetry/counts.ts";
import { noTracer } from "../../telemetry/tracing.ts";
import { lockState } from "../local/state-lock.ts";
import type { Answer } from "../move/import-events.ts";
import { eventFileIn } from "../move/state-folder.ts";
import { note } from "../shared/printing.ts";
import { CommandError, messageOf } from "../shared/usage.ts";
import type { OpenDestination } from "./open-destination.ts";
import { answerOf } from "./retrying-destination.ts";

/** In KiB. Four times as much saves 5 % of the time: most of it goes into signatures and indexes. */
const CACHE = 2048;

/** Whoever can write the folder may do what admins may. No key is this one. */
const OWNER = "0".repeat(64);

export class StateDestination implements OpenDestination {
  private readonly folder: string;
  private readonly settings: Record<string, string>;
  private opened: { ingest: Ingest; config: Config; file: EventFile; lock: Disposable } | undefined;

  /** `settings` are those that the relay is started with. */
  constructor(folder: string, settings: Record<string, string>) {
    this.folder = folder;
    this.settings = settings;
  }

  /** Takes the folder. Rejects if a relay uses it. */
  async reach(): Promise<void> {
    const path = eventFileIn(this.folder);
    const lock = lockState(this.folder);
    const file = openEventFile(path, { migrations: readMigrations(), cache: CACHE });
    const config = configOf(this.settings);
    // The first statement may change the schema, in transactions of its own.
    await file.database.prepare("SELECT 1").all();
    file.exec("BEGIN");
    this.opened = { ingest: ingestInto(file, config), config, file, lock };
  }

  /** The signatures are not checked here. What is stored belongs to one long transaction, until `settle` ends it. */
  async store(events: Event[]): Promise<Answer[]> {
    const { ingest, config } = this.state;
    const addresses = config.RELAY_URL === "" ? [] : [config.RELAY_URL];
    try {
      return await Promise.all(
        events.map(async (event) => {
          // The owner vouches for what authors have published elsewhere, such as their protected events (NIP-70).
          const keys = new Set([OWNER, event.pubkey]);
          const outcome = await ingest(event, { keys, addresses, client: OWNER });
          const [accepted, message] = okFields(outcome);
          return answerOf({ accepted, message }, { auth: true });
        }),
      );
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** Many small transactions would write the same pages of indexes again and again. */
  async settle(): Promise<void> {
    const { file } = this.state;
    try {
      // If a batch has failed, there is no transaction, and nothing to begin the next one for.
      file.exec("COMMIT");
      file.exec("BEGIN");
    } catch (error) {
      throw this.failure(error);
    }
  }

  private get state(): NonNullable<StateDestination["opened"]> {
    if (!this.opened) throw new Error("the folder is not open");
    return this.opened;
  }

  private failure(error: unknown): CommandError {
    return new CommandError(`nothing can be stored in ${this.folder}: ${messageOf(error)}`);
  }

  async close(): Promise<void> {
    this.opened?.file.close();
    this.opened?.lock[Symbol.dispose]();
  }
}

function configOf(settings: Record<string, string>): Config {
  const parsed = parseConfig(settings);
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  const { config } = parsed;
  return { ...config, RELAY_ADMINS: [...config.RELAY_ADMINS, OWNER] };
}

function ingestInto({ database }: EventFile, config: Config): Ingest {
  const size = new StoreSize(config.MAX_STORE_BYTES);
  const db = sizedDatabase(database, size);
  const report = (error: unknown) => note(messageOf(error));
  return createIngest({
    source: "http",
    config,
    store: createStore(db, size),
    access: new Access({ moderation: createModerationStore(db), config, now: unixSeconds, report }),
    verify: () => true,
    idOf: ({ id }) => id,
    now: unixSeconds,
    // There is nobody else to serve, but Ctrl-C must be noticed.
    pause: () => setImmediate(),
    publish: async () => undefined,
    report,
    metrics: new Counts(),
    tracer: noTracer,
  });
}
