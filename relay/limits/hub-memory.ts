/**
 * How a hub divides the 128 MB of its Durable Object, in bytes. The code, what is being read and committed, and garbage need
 * the rest. (https://developers.cloudflare.com/durable-objects/platform/limits/)
 */
export const HUB_MEMORY = {
  /** The index of all subscriptions. */
  subscriptions: 44_000_000,
  /** Snapshots of open reconciliations (NIP-77). */
  snapshots: 16_000_000,
};
