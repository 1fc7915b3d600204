import {
  Client as NostrClient,
  Duration,
  EventBuilder,
  Event as SdkEvent,
  Filter as SdkFilter,
  Keys,
  Kind,
  loadWasmAsync,
  NostrSigner,
  SecretKey,
  Tag,
} from "@rust-nostr/nostr-sdk";
import { bytesToHex } from "nostr-tools/utils";
import { type Client, type Filter, type Library, signed } from "./library.ts";

/** In seconds, as in its guide. */
const TIMEOUT = 10;

await loadWasmAsync();

export const nostrSdk: Library = {
  name: "@rust-nostr/nostr-sdk",
  lacks: { count: "has no call for COUNT" },
  needs: "a signer",
  async connect(url, key): Promise<Client> {
    const signer = key && NostrSigner.keys(new Keys(SecretKey.parse(bytesToHex(key))));
    const client = new NostrClient(signer);
    await client.addRelay(url);
    await client.connect();
    const fetchEvents = async (filter: Filter) => {
      const events = await client.fetchEvents(sdkFilter(filter), Duration.fromSecs(TIMEOUT));
      return events.toVec().map((event) => event.id.toHex());
    };
    return {
      query: fetchEvents,
      async publish(draft) {
        const { id, failed } = key
          ? await client.sendEventBuilder(
              new EventBuilder(new Kind(draft.kind), draft.content).tags(
                draft.tags.map((tag) => Tag.parse(tag)),
              ),
            )
          : await client.sendEvent(SdkEvent.fromJson(JSON.stringify(signed(draft))));
        if (Object.keys(failed).length > 0) throw new Error(JSON.stringify(failed));
        return id.toHex();
      },
      async follow(filter, onEvent) {
        const { id } = await client.subscribe(sdkFilter(filter));
        await new Promise<void>((resolve) => {
          client.handleNotifications({
            handleEvent: async (_relay, subscription, event) => {
              if (subscription === id) onEvent(event.id.toHex());
              return false;
            },
            handleMsg: async (_relay, message) => {
              const [type, subscription] = JSON.parse(message.asJson()) as string[];
              if (type === "EOSE" && subscription === id) resolve();
              return false;
            },
          });
        });
      },
      close: () => client.shutdown(),
    };
  },
};

function sdkFilter(filter: Filter): SdkFilter {
  return SdkFilter.fromJson(JSON.stringify(filter));
}
