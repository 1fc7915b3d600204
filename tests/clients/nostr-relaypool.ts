import { RelayPool } from "nostr-relaypool";
import { authEvent, type Client, type Library, signed } from "./library.ts";

export const nostrRelaypool: Library = {
  name: "nostr-relaypool",
  lacks: { refusal: "never ends: it does not read CLOSED", count: "sends no COUNT" },
  needs: "`onauth`, and subscribing again when the relay has accepted it",
  async connect(url, key): Promise<Client> {
    const pool = new RelayPool([url]);
    const unanswered = new Set<() => void>();
    if (key)
      pool.onauth((relay, challenge) => {
        relay.auth(authEvent(url, challenge, key)).on("ok", () => {
          for (const again of unanswered) again();
        });
      });
    return {
      query: (filter) =>
        new Promise((resolve) => {
          const ids: string[] = [];
          const ask = () => {
            const onEose = () => {
              unanswered.delete(ask);
              resolve(ids);
            };
            pool.subscribe([filter], [url], ({ id }) => void ids.push(id), undefined, onEose, {
              unsubscribeOnEose: true,
            });
          };
          unanswered.add(ask);
          ask();
        }),
      async publish(draft) {
        const event = signed(draft, key);
        pool.publish(event, [url]);
        return event.id;
      },
      follow: (filter, onEvent) =>
        new Promise((resolve) => {
          pool.subscribe(
            [filter],
            [url],
            ({ id }) => onEvent(id),
            undefined,
            () => resolve(),
          );
        }),
      close: () => pool.close(),
    };
  },
};
