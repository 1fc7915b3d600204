import { NPool, NRelay1 } from "@nostrify/nostrify";
import { authEvent, type Client, idsOf, type Library, signed } from "./library.ts";

export const nostrify: Library = {
  name: "@nostrify/nostrify",
  lacks: { refusal: "`NPool` does not end it, `NRelay1` does" },
  needs: "`auth` among the options of `NRelay1`",
  async connect(url, key): Promise<Client> {
    const auth = key && { auth: async (challenge: string) => authEvent(url, challenge, key) };
    const pool = new NPool({
      open: (address) => new NRelay1(address, { ...auth }),
      reqRouter: (filters) => new Map([[url, filters]]),
      eventRouter: () => [url],
    });
    return {
      query: async (filter) => idsOf(await pool.query([filter])),
      async publish(draft) {
        const event = signed(draft, key);
        await pool.event(event);
        return event.id;
      },
      follow: (filter, onEvent) =>
        new Promise((resolve, reject) => {
          const read = async () => {
            for await (const [type, , event] of pool.req([filter])) {
              if (type === "EOSE") resolve();
              if (type === "EVENT") onEvent(event.id);
            }
          };
          // The loop ends with an AbortError when the pool closes.
          read().catch(reject);
        }),
      count: async (filter) => (await pool.relay(url).count([filter])).count,
      close: () => pool.close(),
    };
  },
};
