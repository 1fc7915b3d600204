/** What a client has sent, as far as the relay looks at it: not when it is too long, or when the client asks for too much. */
import { noticeFrame, parseMessage } from "../nostr/message.ts";
import { isLettingGo, refuseUnread } from "../nostr/refuse-unread.ts";
import type { Refusal } from "./policy.ts";

/** `mostBytes`: in UTF-8. */
export function readFrame(
  frame: string | ArrayBuffer,
  mostBytes: number,
  tooMuch: () => Refusal | undefined,
): ReturnType<typeof parseMessage> {
  if (typeof frame !== "string") {
    return { ok: false, answer: noticeFrame("invalid: a message is text, and this one was binary") };
  }
  if (isLongerThan(frame, mostBytes)) {
    return refuseUnread(frame, "invalid", `the message is longer than ${mostBytes} bytes`);
  }
  const refusal = isLettingGo(frame) ? undefined : tooMuch();
  return refusal ? refuseUnread(frame, refusal.prefix, refusal.reason) : parseMessage(frame);
}

/** Counted only when it could matter. */
function isLongerThan(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  return text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes;
}
