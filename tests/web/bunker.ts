/** A remote signer (NIP-46) that meets its client on a relay. */
import { type Event, finalizeEvent, getPublicKey } from "nostr-tools";
import { decrypt, encrypt, getConversationKey } from "nostr-tools/nip44";
import { onTestFinished } from "vitest";
import { connect } from "../e2e/client.ts";

const REMOTE_SIGNING = 24_133;

/** Starts one. `person` is whose key it signs with, `bunker` its own. `asked` are the methods of the requests. */
export async function startBunker(
  url: string,
  person: Uint8Array,
  bunker: Uint8Array,
): Promise<{ address: string; asked: string[]; accept(invitation: string): Promise<void> }> {
  const relay = await connect(url);
  const pubkey = getPublicKey(bunker);
  const asked: string[] = [];
  const send = (to: string, content: object) =>
    relay.publish(
      finalizeEvent(
        {
          kind: REMOTE_SIGNING,
          created_at: Math.floor(Date.now() / 1000),
          tags: [["p", to]],
          content: encrypt(JSON.stringify(content), getConversationKey(bunker, to)),
        },
        bunker,
      ),
    );
  async function answer(event: Event): Promise<void> {
    const text = decrypt(event.content, getConversationKey(bunker, event.pubkey));
    const { id, method, params } = JSON.parse(text) as { id: string; method: string; params: string[] };
    asked.push(method);
    await send(event.pubkey, { id, result: resultOf(method, params, person) });
  }
  const answers: Promise<void>[] = [];
  // Before the connection ends, which refuses what the relay has not acknowledged.
  onTestFinished(async () => void (await Promise.all(answers)));
  await new Promise<void>((opened) => {
    relay.subscribe([{ kinds: [REMOTE_SIGNING], "#p": [pubkey] }], {
      onevent: (event) => void answers.push(answer(event)),
      oneose: opened,
    });
  });
  return {
    address: `bunker://${pubkey}?relay=${encodeURIComponent(url)}&secret=test`,
    asked,
    async accept(invitation) {
      const { host, searchParams } = new URL(invitation);
      await send(host, { id: "accepted", result: searchParams.get("secret") });
    },
  };
}

function resultOf(method: string, [first = ""]: string[], person: Uint8Array): string {
  if (method === "get_public_key") return getPublicKey(person);
  if (method === "sign_event") return JSON.stringify(finalizeEvent(JSON.parse(first), person));
  return "ack";
}
