import { fetchRelayInformation } from "nostr-tools/nip11";
import { SimplePool } from "nostr-tools/pool";
import { type Client, type EventTemplate, type Filter, type Library, signed } from "./library.ts";

export const nostrTools: Library = {
  name: "nostr-tools",
  lacks: {},
  needs: "`onauth` with each subscription that may need it",
  async connect(url, key): Promise<Client> {
    const pool = new SimplePool();
    const onauth = key && { onauth: async (draft: EventTemplate) => signed(draft, key) };
    return {
      query: (filter) =>
        new Promise((resolve, reject) => {
          const ids: string[] = [];
          pool.subscribeEose([url], filter, {
            onevent: ({ id }) => void ids.push(id),
            onclose: ([closed]) =>
              closed?.reason.includes("-required") ? reject(new Error(closed.reason)) : resolve(ids),
            ...onauth,
          });
        }),
      async publish(draft) {
        const event = signed(draft, key);
        await Promise.all(pool.publish([url], event, { ...onauth }));
        return event.id;
      },
      follow: (filter, onEvent) =>
        new Promise((resolve) => {
          pool.subscribeMany([url], filter, {
            onevent: ({ id }) => onEvent(id),
            oneose: () => resolve(),
            ...onauth,
          });
        }),
      count: async (filter: Filter) => (await pool.ensureRelay(url)).count([filter], {}),
      document: () => fetchRelayInformation(url),
      close: () => pool.close([url]),
    };
  },
};
