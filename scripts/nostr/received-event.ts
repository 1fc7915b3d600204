/** Checks and prints events from a relay. The relay is not trusted. */
import { npubEncode } from "nostr-tools/nip19";
import { type Event, parseEvent } from "../../nostr/event.ts";
import { forgeryOf, verifySignature } from "../../nostr/signature.ts";
import { note, print, printable, printableJson } from "../shared/printing.ts";

export async function printEvent(value: unknown, asJson: boolean): Promise<void> {
  const checked = check(value);
  if (!checked.ok) return note(`skipped an invalid event: ${checked.reason}`);
  await print(asJson ? printableJson(checked.event) : shown(checked.event));
}

function check(value: unknown): ReturnType<typeof parseEvent> {
  const parsed = parseEvent(value);
  if (!parsed.ok) return parsed;
  const reason = forgeryOf(parsed.event, verifySignature);
  return reason === undefined ? parsed : { ok: false, reason };
}

/** Formats an event. Content is indented, so that it cannot look like the start of another event. */
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
