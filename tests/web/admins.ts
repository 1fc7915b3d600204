/** Admins at the admin page: their keys, how they sign in, and what they do in its sections. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools";
import { nsecEncode } from "nostr-tools/nip19";
import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import type { MethodName } from "../../nostr/management.ts";
import { isShown, type Site } from "./browser.ts";

export const ADMIN = generateSecretKey();
export const ADMIN_KEY = getPublicKey(ADMIN);

/** Signs in with a pasted key. Resolves when the page shows who is signed in. */
export async function signInWith(page: Page, secret: Uint8Array): Promise<void> {
  await page.getByRole("radio", { name: "Secret key" }).check();
  await page.getByLabel("Secret key").last().fill(nsecEncode(secret));
  await page.getByRole("button", { name: "Sign in with this key" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/** Opens a section as an admin. `place` is what follows # in the address. */
export async function openAdmin(
  site: Site,
  place: string,
  options?: BrowserContextOptions,
  expected?: RegExp,
): Promise<Page> {
  const page = await site.open(`/admin#${place}`, options, expected);
  await signInWith(page, ADMIN);
  await loaded(page);
  return page;
}

/** Goes to another section. */
export async function goTo(page: Page, place: string): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, place);
  await loaded(page);
}

/** Resolves when the section shows what it has loaded. */
export async function loaded(page: Page): Promise<void> {
  await page.locator(".section h2").waitFor();
  await page.locator(".section .skeleton").first().waitFor({ state: "detached" });
}

/** Presses a button whose question is then answered with yes. Resolves when the dialog is gone. */
export async function confirm(button: Locator, { reason }: { reason?: string } = {}): Promise<void> {
  await button.click();
  const dialog = button.page().getByRole("dialog");
  if (reason !== undefined) await dialog.getByLabel(/Reason/).fill(reason);
  await dialog.locator("button[type=submit]").click();
  await dialog.waitFor({ state: "detached" });
}

/** Resolves with true when the page tells that this has happened. */
export function isTold(page: Page, text: string | RegExp): Promise<true> {
  return isShown(page.getByRole("log").getByText(text));
}

/** Calls a method as an admin. Resolves with its result. */
export async function call(site: Site, method: MethodName, ...params: unknown[]): Promise<unknown> {
  const body = JSON.stringify({ method, params });
  const tags = [
    ["u", `${site.http}/`],
    ["method", "POST"],
    ["payload", bytesToHex(sha256(utf8ToBytes(body)))],
    ["nonce", crypto.randomUUID()],
  ];
  const created_at = Math.floor(Date.now() / 1000);
  const event = finalizeEvent({ kind: 27_235, created_at, tags, content: "" }, ADMIN);
  const response = await fetch(site.http, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/nostr+json+rpc",
      authorization: `Nostr ${btoa(JSON.stringify(event))}`,
    },
  });
  const { result, error } = (await response.json()) as { result?: unknown; error?: string };
  if (error !== undefined) throw new Error(`${method}: ${error}`);
  return result;
}

/** Publishes an event, created now. Resolves with its id. */
export async function publish(
  site: Site,
  secret: Uint8Array,
  draft: { kind?: number; tags?: string[][]; content?: string },
): Promise<string> {
  const event = finalizeEvent(
    { kind: 1, tags: [], content: "", created_at: Math.floor(Date.now() / 1000), ...draft },
    secret,
  );
  const response = await fetch(`${site.http}/api/v1/events`, { method: "POST", body: JSON.stringify(event) });
  if (!response.ok) throw new Error(await response.text());
  return event.id;
}
