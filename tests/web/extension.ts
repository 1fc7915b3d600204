/** A signer extension of a browser (NIP-07), for the tests. */
import { finalizeEvent, getPublicKey } from "nostr-tools";
import type { Page } from "playwright-core";

/** Gives a page an extension that signs with a key; `changed` are fields that it signs instead. */
export async function installExtension(page: Page, secret: Uint8Array, changed: object = {}): Promise<void> {
  await page.exposeFunction("signHere", (template: Parameters<typeof finalizeEvent>[0]) =>
    finalizeEvent({ ...template, ...changed }, secret),
  );
  await page.addInitScript((pubkey) => {
    Object.assign(globalThis, {
      nostr: {
        getPublicKey: async () => pubkey,
        signEvent: (template: object) =>
          (globalThis as unknown as { signHere(template: object): Promise<object> }).signHere(template),
      },
    });
  }, getPublicKey(secret));
}
