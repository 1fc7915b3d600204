import { seckeySigner, verifier } from "@rx-nostr/crypto";
import { nip19 } from "nostr-tools";
import { createRxForwardReq, createRxNostr, createRxOneshotReq, fetchRelayInfo, noopSigner } from "rx-nostr";
import { type Client, type Library, signed } from "./library.ts";

export const rxNostr: Library = {
  name: "rx-nostr",
  lacks: { count: "sends no COUNT" },
  needs: '`authenticator: "auto"` and a signer',
  async connect(url, key): Promise<Client> {
    const signer = key ? seckeySigner(nip19.nsecEncode(key)) : noopSigner();
    const rxNostr = createRxNostr({ verifier, signer, ...(key && { authenticator: "auto" }) });
    rxNostr.setDefaultRelays([url]);
    return {
      query: (filters) =>
        new Promise((resolve, reject) => {
          const ids: string[] = [];
          rxNostr.use(createRxOneshotReq({ filters })).subscribe({
            next: ({ event }) => void ids.push(event.id),
            complete: () => resolve(ids),
            error: reject,
          });
        }),
      publish: (draft) =>
        new Promise((resolve, reject) => {
          rxNostr.send(key ? draft : signed(draft)).subscribe({
            next: ({ ok, eventId, notice }) => (ok ? resolve(eventId) : reject(new Error(notice))),
            error: reject,
          });
        }),
      follow: (filter, onEvent) =>
        new Promise((resolve) => {
          const request = createRxForwardReq();
          rxNostr.createAllMessageObservable().subscribe(({ type }) => {
            if (type === "EOSE") resolve();
          });
          rxNostr.use(request).subscribe(({ event }) => onEvent(event.id));
          request.emit(filter);
        }),
      document: () => fetchRelayInfo(url),
      close: () => rxNostr.dispose(),
    };
  },
};
