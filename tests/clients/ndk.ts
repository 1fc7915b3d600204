import NDK, { NDKEvent, type NDKFilter, NDKPrivateKeySigner, NDKRelayAuthPolicies } from "@nostr-dev-kit/ndk";
import { type Client, idsOf, type Library, signed } from "./library.ts";

export const ndk: Library = {
  name: "@nostr-dev-kit/ndk",
  lacks: { refusal: "waits until the app authenticates" },
  needs: "`relayAuthDefaultPolicy: NDKRelayAuthPolicies.signIn({ ndk })` and a signer",
  async connect(url, key): Promise<Client> {
    // The outbox model would connect to public relays.
    const ndk = new NDK({ explicitRelayUrls: [url], enableOutboxModel: false });
    if (key) {
      ndk.signer = new NDKPrivateKeySigner(key);
      ndk.relayAuthDefaultPolicy = NDKRelayAuthPolicies.signIn({ ndk });
    }
    await ndk.connect();
    return {
      query: async (filter) => idsOf(await ndk.fetchEvents(filter as NDKFilter)),
      async publish(draft) {
        const event = new NDKEvent(ndk, key ? draft : signed(draft));
        if (key) await event.sign();
        await event.publish();
        return event.id;
      },
      follow: (filter, onEvent) =>
        new Promise((resolve) => {
          ndk.subscribe(
            filter as NDKFilter,
            { closeOnEose: false },
            { onEvent: ({ id }) => onEvent(id), onEose: () => resolve() },
          );
        }),
      count: async (filter) => (await ndk.count([filter as NDKFilter])).count,
      close() {
        for (const relay of ndk.pool.relays.values()) relay.disconnect();
      },
    };
  },
};
