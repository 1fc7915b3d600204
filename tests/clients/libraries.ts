/** The libraries of docs/clients.md. */
import { applesauce } from "./applesauce-relay.ts";
import type { Library } from "./library.ts";
import { ndk } from "./ndk.ts";
import { nostrFetch } from "./nostr-fetch.ts";
import { nostrRelaypool } from "./nostr-relaypool.ts";
import { nostrTools } from "./nostr-tools.ts";
import { nostrify } from "./nostrify.ts";
import { nostrSdk } from "./rust-nostr-sdk.ts";
import { rxNostr } from "./rx-nostr.ts";
import { snort } from "./snort-system.ts";
import { welshman } from "./welshman-net.ts";

export const LIBRARIES: Library[] = [
  nostrTools,
  ndk,
  applesauce,
  rxNostr,
  nostrify,
  nostrFetch,
  nostrRelaypool,
  welshman,
  snort,
  nostrSdk,
];
