import {
  defaultSocketPolicies,
  makeSocketPolicyAuth,
  Pool,
  publish,
  PublishStatus,
  request,
  Socket,
} from "@welshman/net";
import { type Client, idsOf, type Library, signed } from "./library.ts";

export const welshman: Library = {
  name: "@welshman/net",
  lacks: { refusal: "waits until the app authenticates", count: "sends no COUNT" },
  needs: "`makeSocketPolicyAuth({ sign })` among the policies of its sockets",
  async connect(url, key): Promise<Client> {
    const auth = key ? [makeSocketPolicyAuth({ sign: async (draft) => signed(draft, key) })] : [];
    const pool = new Pool({
      makeSocket: (address) => new Socket(address, [...defaultSocketPolicies, ...auth]),
    });
    const context = { pool };
    return {
      query: async (filter) =>
        idsOf(await request({ relays: [url], filters: [filter], autoClose: true, context })),
      async publish(draft) {
        const event = signed(draft, key);
        for (const { status, detail } of Object.values(await publish({ event, relays: [url], context })))
          if (status !== PublishStatus.Success) throw new Error(`${status}: ${detail}`);
        return event.id;
      },
      follow: (filter, onEvent) =>
        new Promise((resolve) => {
          void request({
            relays: [url],
            filters: [filter],
            onEvent: ({ id }) => onEvent(id),
            onEose: () => resolve(),
            context,
          });
        }),
      close: () => pool.clear(),
    };
  },
};
