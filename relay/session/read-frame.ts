/** Reads a client's frame. Refuses it unparsed if it is too long, or if the client has used up its allowance. */
import { type JsonShape, MOST_LEVELS, nestedTooDeeply, shapeOf } from "../../nostr/json.ts";
import { type Refusal, parseMessage, refuseMessage } from "../../nostr/message.ts";
import { isLettingGo, refuseUnread } from "../../nostr/refuse-unread.ts";

/** Bytes: enough for the characters that the answer quotes. */
const QUOTED_BYTES = 200;

/** Parses a frame. `mostBytes` is in UTF-8. Calls `charge` before it parses, with the shape of the JSON. */
export function readFrame(
  frame: string | ArrayBuffer,
  mostBytes: number,
  tooMuch: () => Refusal | undefined,
  charge: (shape: JsonShape) => void,
): ReturnType<typeof parseMessage> {
  if (typeof frame !== "string") {
    const start = new TextDecoder().decode(frame.slice(0, QUOTED_BYTES));
    return refuseMessage({ frame: start }, "invalid", "a message must be text, not binary");
  }
  if (hasMoreBytes(frame, mostBytes)) {
    return refuseUnread(frame, "invalid", `the message is longer than ${mostBytes} bytes`);
  }
  const refusal = isLettingGo(frame) ? undefined : tooMuch();
  if (refusal) return refuseUnread(frame, refusal.prefix, refusal.reason);
  const shape = shapeOf(frame);
  charge(shape);
  if (shape.levels > MOST_LEVELS)
    return refuseUnread(frame, "invalid", `the message is ${nestedTooDeeply(shape.levels)}`);
  return parseMessage(frame);
}

/** Returns whether a text has more bytes than this. Counts them only if it could matter. */
function hasMoreBytes(text: string, most: number): boolean {
  if (text.length > most) return true;
  return text.length * 3 > most && new TextEncoder().encode(text).length > most;
}
