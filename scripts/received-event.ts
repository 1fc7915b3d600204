/** Events as a relay sends them: checked, because it may be any relay, and shown. */
import { npubEncode } from "nostr-tools/nip19";
import { type Event, eventId, parseEvent } from "../nostr/event.ts";
import { verifySignature } from "../nostr/signature.ts";
import { note, print, printable, printableJson } from "./printing.ts";

export async function printEvent(value: unknown, asJson: boolean): Promise<void> {
  const checked = check(value);
  if (!checked.ok) return note(`left out what is no valid event: ${checked.reason}`);
  await print(asJson ? printableJson(checked.event) : shown(checked.event));
}

function check(value: unknown): ReturnType<typeof parseEvent> {
  const parsed = parseEvent(value);
  if (!parsed.ok) return parsed;
  if (eventId(parsed.event) !== parsed.event.id)
    return { ok: false, reason: "id is not the hash of the event" };
  if (!verifySignature(parsed.event)) return { ok: false, reason: "the signature is not the author's" };
  return parsed;
}

/** Content is indented, so that none of it can pass for the head of another event. */
function shown(event: Event): string {
  const tags = event.tags.map((tag) => `  ${printableJson(tag)}`);
  const content = printable(event.content).split("\n");
  return [
    `${timeOf(event)}  kind ${event.kind}  ${npubEncode(event.pubkey)}`,
    `id ${event.id}`,
    ...tags,
    ...content.map((line) => `  ${line}`),
    "",
  ].join("\n");
}

function timeOf({ created_at }: Event): string {
  const time = new Date(created_at * 1000);
  return Number.isNaN(time.getTime()) ? `second ${created_at}` : time.toISOString().replace(".000Z", "Z");
}
