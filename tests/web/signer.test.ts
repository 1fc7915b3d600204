/** Signing in on a page: with a secret key, an extension (NIP-07), and a remote signer (NIP-46). */
import { generateSecretKey, getPublicKey } from "nostr-tools";
import { encrypt } from "nostr-tools/nip49";
import { npubEncode } from "nostr-tools/nip19";
import { expect, test } from "vitest";
import { ADMIN, ADMIN_KEY, signInWith } from "./admins.ts";
import { describeInBrowser, expectAccessible, expectToFit, isShown, PHONE } from "./browser.ts";
import { startBunker } from "./bunker.ts";
import { installExtension } from "./extension.ts";

const STRANGER = generateSecretKey();
const ADMITTED = { name: "Overview" } as const;

describeInBrowser("signing in", ["--var", `RELAY_ADMINS=${ADMIN_KEY}`], (site) => {
  test("a pasted key signs calls, stays in memory, and is forgotten on sign out and on leaving", async () => {
    const page = await site.open("/admin");
    await signInWith(page, ADMIN);
    await page.getByRole("link", ADMITTED).waitFor();
    expect(await page.locator(".signed-in code").getAttribute("title")).toBe(npubEncode(ADMIN_KEY));
    expect(await page.evaluate(() => localStorage.length + sessionStorage.length)).toBe(0);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in as an admin" }).waitFor();
    await signInWith(page, ADMIN);
    await page.goto(`${site.http}/`);
    await page.goBack();
    await page.getByRole("heading", { name: "Sign in as an admin" }).waitFor();
  });

  test("an encrypted key needs its password (NIP-49), and what is no key is refused in words", async () => {
    const page = await site.open("/admin");
    await page.getByRole("radio", { name: "Secret key" }).check();
    const key = page.getByLabel("Secret key").last();
    const submit = page.getByRole("button", { name: "Sign in with this key" });
    await key.fill("npub1nothing");
    await submit.click();
    await page.getByText("This is not a secret key.").waitFor();
    expect(await key.inputValue()).toBe("npub1nothing");
    await key.fill(encrypt(ADMIN, "right", 4));
    await page.getByLabel("Password of the key").fill("wrong");
    await submit.click();
    await page.getByText("The password is wrong").waitFor();
    await page.getByLabel("Password of the key").fill("right");
    await submit.click();
    await page.getByRole("link", ADMITTED).waitFor();
  });

  test("an extension signs (NIP-07), is asked again on the next page of the tab, and may refuse", async () => {
    const page = await site.open();
    await installExtension(page, ADMIN);
    await page.goto(`${site.http}/admin`);
    await page.getByRole("button", { name: "Sign in with the extension" }).click();
    await page.getByRole("link", ADMITTED).waitFor();
    await page.reload();
    await page.getByRole("link", ADMITTED).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.evaluate(() => {
      const { nostr } = globalThis as unknown as { nostr: { getPublicKey(): Promise<string> } };
      nostr.getPublicKey = () => Promise.reject(new Error("the user said no"));
    });
    await page.getByRole("button", { name: "Sign in with the extension" }).click();
    expect(await isShown(page.getByText("the user said no"))).toBe(true);
  });

  test("without an extension, the page says what to do", async () => {
    const page = await site.open("/admin", { viewport: PHONE });
    await page.getByRole("button", { name: "Sign in with the extension" }).click();
    expect(await isShown(page.getByText("This browser has no Nostr extension."))).toBe(true);
    await expectToFit(page);
    await expectAccessible(page);
  });

  test("an extension that signs something else is not believed", async () => {
    const page = await site.open();
    await installExtension(page, ADMIN, { content: "something else" });
    await page.goto(`${site.http}/admin`);
    await page.getByRole("button", { name: "Sign in with the extension" }).click();
    expect(await isShown(page.getByText("The signer has not signed what it was asked to sign."))).toBe(true);
  });

  test("a remote signer is reached by its bunker:// address", async () => {
    const bunker = await startBunker(site.url, ADMIN, generateSecretKey());
    const page = await site.open("/admin");
    await page.getByRole("radio", { name: "Remote signer" }).check();
    await page.getByLabel("Address of the signer").fill(bunker.address);
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await page.getByRole("link", ADMITTED).waitFor();
    expect(bunker.asked.slice(0, 3)).toEqual(["connect", "get_public_key", "sign_event"]);
  });

  test("a remote signer scans the code of the page (nostrconnect://)", async () => {
    const bunker = await startBunker(site.url, ADMIN, generateSecretKey());
    const page = await site.open("/admin", {
      viewport: PHONE,
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await page.getByRole("radio", { name: "Remote signer" }).check();
    await page.getByRole("button", { name: "Show the code" }).click();
    await page.getByRole("img", { name: "QR code for your signer" }).waitFor();
    await expectToFit(page);
    await expectAccessible(page);
    await page.getByRole("button", { name: "Copy the address for your signer" }).click();
    await page.getByText("Copied").last().waitFor();
    await bunker.accept(await page.evaluate(() => navigator.clipboard.readText()));
    expect(await isShown(page.getByRole("link", ADMITTED))).toBe(true);
  });

  test("someone who is not an admin learns so in the relay's words, and how to become one", async () => {
    const page = await site.open("/admin", { viewport: PHONE }, /403/);
    await signInWith(page, STRANGER);
    await page.getByText(`restricted: ${getPublicKey(STRANGER)} is not an admin of this relay`).waitFor();
    const advice = page.getByText(`RELAY_ADMINS=${npubEncode(getPublicKey(STRANGER))}`);
    expect(await isShown(advice)).toBe(true);
    await expectToFit(page);
    await expectAccessible(page);
  });
});
