/** The methods of the management API for the outbox. The aggregator chooses the relays at its next Cron. */
import type { OutboxChange } from "../../store/upstreams/outbox.ts";
import { answer, type Decision, type Method, refuse } from "../decision.ts";

type OutboxMethod = "listoutboxes" | "addoutbox" | "removeoutbox";

const MOST_KEYS = 20;

export const OUTBOX_DECISIONS: { [Name in OutboxMethod]: Method<Name> } = {
  listoutboxes: async (_, { store }) => {
    const [{ keys, version: _version, ...found }, upstreams] = await Promise.all([
      store.outbox(),
      store.upstreams(),
    ]);
    const relays = upstreams
      .filter(({ origin }) => origin === "outbox")
      .map(({ url, settings, failures, isPaused }) => ({
        url,
        authors: (settings?.filters ?? []).reduce((sum, { authors = [] }) => sum + authors.length, 0),
        failures,
        isPaused,
      }));
    return answer({ keys, ...found, relays });
  },

  addoutbox: async ([pubkey], { store }) => {
    const { keys } = await store.outbox();
    if (keys.some((key) => key.pubkey === pubkey)) return refuse(`what ${pubkey} follows is pulled already`);
    if (keys.length >= MOST_KEYS) return refuse(`there are ${keys.length} keys, and no more are allowed`);
    return change({ do: "add-outbox", pubkey });
  },

  removeoutbox: async ([pubkey], { store }) => {
    const { keys } = await store.outbox();
    return keys.some((key) => key.pubkey === pubkey)
      ? change({ do: "remove-outbox", pubkey })
      : refuse(`what ${pubkey} follows is not pulled: listoutboxes lists the keys`);
  },
};

function change(one: OutboxChange): Decision {
  return { kind: "change", changes: [one], isForAggregator: true };
}
