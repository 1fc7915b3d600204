/** Keys of people at the admin page, and how they sign in. */
import { generateSecretKey, getPublicKey } from "nostr-tools";
import { nsecEncode } from "nostr-tools/nip19";
import type { Page } from "playwright-core";

export const ADMIN = generateSecretKey();
export const ADMIN_KEY = getPublicKey(ADMIN);

/** Signs in with a pasted key. Resolves when the page shows who is signed in. */
export async function signInWith(page: Page, secret: Uint8Array): Promise<void> {
  await page.getByRole("radio", { name: "Secret key" }).check();
  await page.getByLabel("Secret key").last().fill(nsecEncode(secret));
  await page.getByRole("button", { name: "Sign in with this key" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}
