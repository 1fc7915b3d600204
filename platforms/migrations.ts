/** The migrations, for code that wrangler bundles: it makes a module of text of each file. */
import type { Migration } from "../store/database/schema.ts";
import events from "../migrations/0001_events.sql";
import upstreams from "../migrations/0002_upstreams.sql";
import counters from "../migrations/0003_counters.sql";
import search from "../migrations/0004_search.sql";
import moderation from "../migrations/0005_moderation.sql";
import vanishing from "../migrations/0006_vanishing.sql";
import privateApart from "../migrations/0007_private_apart.sql";
import expiredVersions from "../migrations/0008_expired_versions.sql";
import deleting from "../migrations/0009_deleting.sql";
import samples from "../migrations/0010_samples.sql";
import emptying from "../migrations/0011_emptying.sql";
import pulled from "../migrations/0012_pulled.sql";
import searchMerges from "../migrations/0013_search_merges.sql";
import shards from "../migrations/0014_shards.sql";
import managedUpstreams from "../migrations/0015_managed_upstreams.sql";
import deadLetters from "../migrations/0016_dead_letters.sql";
import liveAndOnward from "../migrations/0018_live_and_onward.sql";
import outbox from "../migrations/0019_outbox.sql";
import eventTrace from "../migrations/0020_event_trace.sql";
import probe from "../migrations/0021_probe.sql";
import otherD from "../migrations/0022_other_d.sql";

/** Every file of migrations/, in their order. */
export const MIGRATIONS: readonly Migration[] = [
  { name: "0001_events.sql", sql: events },
  { name: "0002_upstreams.sql", sql: upstreams },
  { name: "0003_counters.sql", sql: counters },
  { name: "0004_search.sql", sql: search },
  { name: "0005_moderation.sql", sql: moderation },
  { name: "0006_vanishing.sql", sql: vanishing },
  { name: "0007_private_apart.sql", sql: privateApart },
  { name: "0008_expired_versions.sql", sql: expiredVersions },
  { name: "0009_deleting.sql", sql: deleting },
  { name: "0010_samples.sql", sql: samples },
  { name: "0011_emptying.sql", sql: emptying },
  { name: "0012_pulled.sql", sql: pulled },
  { name: "0013_search_merges.sql", sql: searchMerges },
  { name: "0014_shards.sql", sql: shards },
  { name: "0015_managed_upstreams.sql", sql: managedUpstreams },
  { name: "0016_dead_letters.sql", sql: deadLetters },
  { name: "0018_live_and_onward.sql", sql: liveAndOnward },
  { name: "0019_outbox.sql", sql: outbox },
  { name: "0020_event_trace.sql", sql: eventTrace },
  { name: "0021_probe.sql", sql: probe },
  { name: "0022_other_d.sql", sql: otherD },
];
