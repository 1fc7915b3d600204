/** Writes private messages (NIP-17): a message, sealed by its author (NIP-59), in a gift wrap with a throw-away key. */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { type Event, eventId } from "./event.ts";
import { CHAT_MESSAGE, GIFT_WRAP, SEAL } from "./kinds.ts";
import { publicKeyOf, signEvent } from "./secret-key.ts";

export interface PrivateMessage {
  text: string;
  subject: string;
  /** A public key in hex. */
  recipient: string;
  /** Unix seconds. */
  now: number;
}

/** Seals are dated back by up to two days, so that their time says nothing. */
const DATED_BACK = 2 * 86_400;

/**
 * `secret` is the author's key in hex. `randomBytes` returns so many random bytes. The gift wrap is not dated back: only its
 * recipient may see it here, and a relay may refuse old events.
 */
export async function privateMessage(
  { text, subject, recipient, now }: PrivateMessage,
  secret: string,
  randomBytes: (length: number) => Uint8Array,
): Promise<Event> {
  // Only messages need it, so it is not loaded at the start.
  const { encrypt, getConversationKey } = await import("nostr-tools/nip44");
  const seal = (content: object, by: string) =>
    encrypt(JSON.stringify(content), getConversationKey(hexToBytes(by), recipient), randomBytes(32));
  const tags = [["p", recipient]];
  const unsigned = {
    pubkey: publicKeyOf(secret),
    created_at: now,
    kind: CHAT_MESSAGE,
    tags: [...tags, ["subject", subject]],
    content: text,
  };
  const message = { ...unsigned, id: eventId(unsigned) };
  const [high = 0, low = 0] = randomBytes(2);
  const sealedAt = now - Math.floor((DATED_BACK * (256 * high + low)) / 65_536);
  const sealed = signEvent(
    { kind: SEAL, created_at: sealedAt, tags: [], content: seal(message, secret) },
    secret,
  );
  const throwAway = bytesToHex(randomBytes(32));
  const content = seal(sealed, throwAway);
  return signEvent({ kind: GIFT_WRAP, created_at: now, tags, content }, throwAway);
}
