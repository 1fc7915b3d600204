/** Watch: live events with filters, names, details; and what it says when things go wrong. */
import { npubEncode } from "nostr-tools/nip19";
import type { Page, WebSocketRoute } from "playwright-core";
import { expect, test } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { AUTHORS, signedEvent } from "../fixtures/signed-events.ts";
import { ADMIN, ADMIN_KEY, signInWith } from "./admins.ts";
import {
  describeInBrowser,
  DESKTOP,
  expectAccessible,
  expectToFit,
  isShown,
  PHONE,
  type Site,
} from "./browser.ts";
import { installExtension } from "./extension.ts";

const [ALICE, BOB] = AUTHORS as [string, string, ...string[]];
let seconds = Math.floor(Date.now() / 1000) - 1000;

async function publish(site: Site, draft: Partial<Event>): Promise<Event> {
  seconds += 1;
  const event = signedEvent({ created_at: seconds, ...draft });
  const response = await fetch(`${site.http}/api/v1/events`, { method: "POST", body: JSON.stringify(event) });
  expect(await response.json()).toMatchObject({ outcome: "stored" });
  return event;
}

async function isLive(page: Page): Promise<void> {
  await page.getByText("Live", { exact: true }).waitFor();
}

function card(page: Page, text: string) {
  return page.getByRole("article").filter({ hasText: text });
}

describeInBrowser("Watch", [], (site) => {
  test("shows what is stored and what comes, with the names of people, newest first", async () => {
    await publish(site, { kind: 0, content: '{"name":"Alice ⚡"}', pubkey: ALICE });
    await publish(site, { content: "stored before" });
    const page = await site.open("/watch");
    await card(page, "stored before").getByText("Alice ⚡").waitFor();
    await isLive(page);
    await publish(site, { content: "<b>comes live</b> #art", pubkey: BOB, tags: [["t", "art"]] });
    await card(page, "<b>comes live</b>").waitFor();
    const texts = await page.getByRole("article").allInnerTexts();
    expect(texts[0]).toContain("comes live");
    expect(texts[1]).toContain("stored before");
  });

  test("a filter in the form is in the address, holds for what comes, and Back restores the one before", async () => {
    await publish(site, { content: "a picture of a river", tags: [["t", "river"]], pubkey: BOB });
    await publish(site, { content: "no picture" });
    const page = await site.open("/watch");
    await card(page, "no picture").waitFor();
    await page.getByLabel("Hashtags").fill("#river");
    await page.getByLabel("Authors").fill(npubEncode(BOB));
    await page.getByRole("checkbox", { name: "Note" }).check();
    await page.getByRole("button", { name: "Watch" }).click();
    await card(page, "a picture of a river").waitFor();
    await card(page, "no picture").waitFor({ state: "detached" });
    expect(new URL(page.url()).search).toBe(`?authors=${npubEncode(BOB)}&kinds=1&tag.t=river`);
    await isLive(page);
    await publish(site, { content: "another thing" });
    await publish(site, { content: "the river again", tags: [["t", "river"]], pubkey: BOB });
    await card(page, "the river again").waitFor();
    expect(await card(page, "another thing").count()).toBe(0);
    await page.goBack();
    await card(page, "another thing").waitFor();
    expect(await page.getByLabel("Hashtags").inputValue()).toBe("");
    await page.goForward();
    await card(page, "another thing").waitFor({ state: "detached" });
    expect(await page.getByLabel("Hashtags").inputValue()).toBe("#river");
  });

  test("a shared link fills the form, words filter too, and nothing found is said", async () => {
    await publish(site, { content: "the heron stands still" });
    const page = await site.open("/watch?search=heron&kinds=1,20&tag.d=x");
    await page.getByRole("heading", { name: "Nothing yet" }).waitFor();
    expect(await page.getByLabel("Words").inputValue()).toBe("heron");
    expect(await page.getByLabel("Other kinds").inputValue()).toBe("20");
    expect(await page.getByLabel("Tag", { exact: true }).inputValue()).toBe("d=x");
    await page.getByLabel("Tag", { exact: true }).fill("");
    await page.getByLabel("Words").press("Enter");
    await card(page, "the heron stands still").waitFor();
  });

  test("a wrong author is said at the field, and corrected", async () => {
    const page = await site.open("/watch?authors=npub1wrong");
    await page.getByText('authors has "npub1wrong", expected 64 lower-case hex').waitFor();
    const authors = page.getByLabel("Authors");
    expect(await authors.getAttribute("aria-invalid")).toBe("true");
    await expectAccessible(page);
    await authors.fill(npubEncode(ALICE));
    await authors.press("Enter");
    await isLive(page);
    expect(await page.getByRole("alert").allInnerTexts()).not.toContain("npub1wrong");
  });

  test("what comes while it is paused is counted, and shown when it resumes", async () => {
    const page = await site.open("/watch");
    await isLive(page);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("Paused", { exact: true }).waitFor();
    await publish(site, { content: "while paused 1" });
    await publish(site, { content: "while paused 2" });
    await page.getByRole("button", { name: "2 new" }).waitFor();
    expect(await card(page, "while paused").count()).toBe(0);
    await page.getByRole("button", { name: "Resume" }).click();
    await card(page, "while paused 2").waitFor();
    await isLive(page);
  });

  test("with a keyboard: from event to event, into the details, and back", async () => {
    const event = await publish(site, { content: "for the keyboard", tags: [["client", "Amethyst"]] });
    const page = await site.open("/watch");
    await card(page, "for the keyboard").waitFor();
    await page.getByRole("button", { name: "Details" }).first().focus();
    // What comes now does not move the event from under the focus.
    await page.getByText("Held while you read").waitFor();
    await page.keyboard.press("PageDown");
    await page.keyboard.press("PageUp");
    await page.keyboard.press("Enter");
    const details = page.getByRole("complementary");
    await details.getByText("Id and signature are right").waitFor();
    await details.getByText("Amethyst", { exact: true }).waitFor();
    expect(await details.locator("pre").innerText()).toBe(JSON.stringify(event, undefined, 2));
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("details-title");
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await details.waitFor({ state: "detached" });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Details");
  });

  test("a forged event is named as one", async () => {
    const event = signedEvent({ content: "genuine" });
    const page = await site.open();
    await page.routeWebSocket(/.*/, (socket) => answerWith(socket, [{ ...event, content: "forged" }]));
    await page.goto(`${site.http}/watch`);
    await page.getByRole("button", { name: "Details" }).click();
    const verdict = page.getByText("Forged: id is not the hash of the event");
    await verdict.waitFor();
    expect(await verdict.getAttribute("data-tone")).toBe("bad");
  });

  test("when the relay goes away, the page comes back by itself, and shows nothing twice", async () => {
    const page = await site.open();
    const relay = await playRelay(page);
    await page.goto(`${site.http}/watch`);
    await isLive(page);
    await relay.restart();
    await expect.poll(() => relay.connections()).toBe(2);
    await isLive(page);
    expect(await card(page, "still here").count()).toBe(1);
  });

  test("while the relay is away the page says so, and a person can try at once", async () => {
    const page = await site.open();
    const relay = await playRelay(page);
    // A wait for the next connection takes a minute rather than a second.
    await page.addInitScript(() => {
      const { setTimeout } = globalThis;
      const longer = (work: () => void, wait = 0) =>
        setTimeout(work, wait >= 500 && wait <= 1000 ? 60_000 : wait);
      Object.assign(globalThis, { setTimeout: longer });
    });
    await page.goto(`${site.http}/watch`);
    await isLive(page);
    await relay.restart();
    await page.getByText("Not connected").waitFor();
    expect(await card(page, "still here").count()).toBe(1);
    await expectAccessible(page);
    await page.getByRole("button", { name: "Try now" }).click();
    await isLive(page);
    expect(relay.connections()).toBe(2);
  });

  test("someone who signs in with a key here sees their own messages, and nobody does after they sign out", async () => {
    await publish(site, { kind: 4, content: "a secret?iv=x", tags: [["p", ADMIN_KEY]], pubkey: ALICE });
    await publish(site, { content: "beside a message", pubkey: ALICE });
    const page = await site.open("/watch?kinds=1,4");
    await card(page, "beside a message").waitFor();
    const messages = page.locator("article[data-kind='4']");
    expect(await messages.count()).toBe(0);
    await page.getByText("Sign in", { exact: true }).click();
    await expectAccessible(page);
    await signInWith(page, ADMIN);
    await messages.waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await messages.waitFor({ state: "detached" });
    await card(page, "beside a message").waitFor();
  });

  test("the details cover a phone, and everything fits and is accessible", async () => {
    await publish(site, { content: `long ${"x".repeat(300)}` });
    for (const [viewport, colorScheme] of [
      [PHONE, "dark"],
      [DESKTOP, "light"],
    ] as const) {
      const page = await site.open("/watch", { viewport, colorScheme });
      await card(page, "long xxx").waitFor();
      await expectToFit(page);
      await expectAccessible(page);
      await page.getByRole("button", { name: "Details" }).first().click();
      await page.getByText("Id and signature are right").waitFor();
      await expectToFit(page);
      await expectAccessible(page);
      await page.getByRole("button", { name: "Close" }).click();
      expect(await page.getByRole("complementary").count()).toBe(0);
    }
  });
});

describeInBrowser(
  "Watch, where only authenticated people may read",
  ["--var", "READ_ACCESS=auth", "--var", `RELAY_ADMINS=${ADMIN_KEY}`],
  (site) => {
    test("the refusal is shown in the relay's words, with the way to sign in", async () => {
      const page = await site.open("/watch");
      await page.getByText(/auth-required: only authenticated clients may read/).waitFor();
      expect(await isShown(page.getByRole("button", { name: "Sign in with the extension" }))).toBe(true);
      await expectAccessible(page);
    });

    test("someone who signs in sees the events, and an admin finds the trace of one", async () => {
      await publish(site, { content: "for members" });
      const page = await site.open();
      await installExtension(page, ADMIN);
      await page.goto(`${site.http}/watch`);
      await page.getByRole("button", { name: "Sign in with the extension" }).click();
      await card(page, "for members").waitFor();
      await isLive(page);
      await publish(site, { content: "live for members" });
      await card(page, "live for members").waitFor();
      await page.getByRole("button", { name: "Details" }).first().click();
      await page.getByRole("button", { name: "Find the trace" }).click();
      const trace = page.getByRole("complementary").getByRole("definition").last();
      const answer = trace.locator("[role=status], [role=alert]:not(:empty)");
      expect(await answer.innerText()).toMatch(/^(None: |[0-9a-f]{32}$)/);
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByText(/auth-required: only authenticated clients may read/).waitFor();
      expect(await card(page, "for members").count()).toBe(0);
    });
  },
);

/** Plays a relay with one event. */
async function playRelay(page: Page): Promise<{ connections(): number; restart(): Promise<void> }> {
  const sockets: WebSocketRoute[] = [];
  await page.routeWebSocket(/.*/, (socket) => {
    sockets.push(socket);
    answerWith(socket, [signedEvent({ content: "still here" })]);
  });
  return {
    connections: () => sockets.length,
    restart: async () => sockets.at(-1)?.close({ code: 1001 }),
  };
}

/** Answers the first subscription with these events. */
function answerWith(socket: WebSocketRoute, events: object[]): void {
  socket.onMessage((text) => {
    const [verb, id] = JSON.parse(String(text)) as [string, string];
    if (verb !== "REQ") return;
    if (id === "s1") for (const event of events) socket.send(JSON.stringify(["EVENT", id, event]));
    socket.send(JSON.stringify(["EOSE", id]));
  });
}
