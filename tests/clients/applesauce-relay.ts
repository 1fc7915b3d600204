import { Relay } from "applesauce-relay";
import { filter as keep, firstValueFrom, lastValueFrom, toArray } from "rxjs";
import { type Client, type EventTemplate, idsOf, type Library, signed } from "./library.ts";

export const applesauce: Library = {
  name: "applesauce-relay",
  lacks: { refusal: "waits until the app authenticates" },
  needs: "`relay.authenticate(signer)` when `challenge$` has a challenge; requests wait for it",
  async connect(url, key): Promise<Client> {
    const relay = new Relay(url);
    if (key) {
      const signer = { signEvent: (draft: EventTemplate) => signed(draft, key) };
      relay.challenge$.pipe(keep((challenge) => challenge !== null)).subscribe(() => {
        void relay.authenticate(signer);
      });
    }
    return {
      query: async (filter) => idsOf(await lastValueFrom(relay.request(filter).pipe(toArray()))),
      async publish(draft) {
        const event = signed(draft, key);
        const { ok, message } = await relay.publish(event);
        if (!ok) throw new Error(message);
        return event.id;
      },
      follow: (filter, onEvent) =>
        new Promise((resolve, reject) => {
          relay.subscription(filter).subscribe({
            next: (answer) => (answer === "EOSE" ? resolve() : onEvent(answer.id)),
            error: reject,
          });
        }),
      count: async (filter) => (await firstValueFrom(relay.count(filter))).count,
      document: () => relay.getInformation(),
      close: () => relay.close(),
    };
  },
};
