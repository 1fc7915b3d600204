/** Signs with a browser extension (NIP-07). */
import { isHex64 } from "../../../nostr/event.ts";
import { messageOf } from "../forms/message.ts";
import { type Signer, signedAsAsked, type Template } from "./signer.ts";

interface Extension {
  getPublicKey(): Promise<unknown>;
  signEvent(template: Template): Promise<unknown>;
}

export async function extensionSigner(): Promise<Signer> {
  const pubkey = await asked("getPublicKey", (extension) => extension.getPublicKey());
  if (!isHex64(pubkey)) throw new Error("The extension has answered something that is not a public key.");
  return {
    pubkey,
    way: "extension",
    sign: async (template) =>
      signedAsAsked(await asked("signEvent", (one) => one.signEvent(template)), template, pubkey),
    forget: async () => {},
  };
}

async function asked(what: string, ask: (extension: Extension) => Promise<unknown>): Promise<unknown> {
  const { nostr } = globalThis as { nostr?: Partial<Extension> };
  if (typeof nostr?.getPublicKey !== "function" || typeof nostr.signEvent !== "function")
    throw new Error(
      "This browser has no Nostr extension. Install one, such as nos2x or Alby, and reload the page.",
    );
  try {
    return await ask(nostr as Extension);
  } catch (error) {
    throw new Error(`The extension has refused ${what}: ${messageOf(error)}`, { cause: error });
  }
}
