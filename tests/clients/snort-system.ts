import { NostrSystem, RequestBuilder } from "@snort/system";
import { authEvent, type Client, type Filter, idsOf, type Library, signed } from "./library.ts";

export const snort: Library = {
  name: "@snort/system",
  lacks: { refusal: "sends nothing more for 10 s", count: "sends no COUNT" },
  needs:
    "an answer to its event `auth`, and asking again after it; it authenticates only when it asks for kind 4, 1059 or 7000",
  async connect(url, key): Promise<Client> {
    // The outbox model would connect to public relays.
    const system = new NostrSystem({ automaticOutboxModel: false });
    let challenges = 0;
    if (key)
      system.on("auth", (challenge, relay, answer) => {
        challenges += 1;
        answer(authEvent(relay, challenge, key));
      });
    await system.Init();
    await system.ConnectToRelay(url, { read: true, write: true });
    return {
      async query(filter) {
        const before = challenges;
        const events = await system.Fetch(requestOf(filter));
        return idsOf(challenges === before ? events : await system.Fetch(requestOf(filter)));
      },
      async publish(draft) {
        const event = signed(draft, key);
        for (const { ok, message } of await system.BroadcastEvent(event)) if (!ok) throw new Error(message);
        return event.id;
      },
      follow: (filter, onEvent) =>
        new Promise((resolve) => {
          const request = requestOf(filter);
          request.withOptions({ leaveOpen: true });
          const query = system.Query(request);
          query.on("event", (events) => {
            for (const { id } of events) onEvent(id);
          });
          query.on("eose", () => resolve());
          query.start();
        }),
      close: () => system.DisconnectRelay(url),
    };
  },
};

function requestOf(filter: Filter): RequestBuilder {
  const request = new RequestBuilder(crypto.randomUUID());
  request.withBareFilter(filter);
  return request;
}
