/** Explore: stored events, pages, shared links, export; with scripts and without. */
import { readFileSync } from "node:fs";
import { npubEncode } from "nostr-tools/nip19";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { AUTHORS, signedEvent } from "../fixtures/signed-events.ts";
import { describeInBrowser, DESKTOP, expectAccessible, expectToFit, PHONE } from "./browser.ts";

const [ALICE, BOB] = AUTHORS as [string, string, ...string[]];
const NUMBER = 45;
const EVENTS: Event[] = [
  signedEvent({ kind: 0, pubkey: BOB, content: '{"name":"Bob of the bridge"}' }),
  ...Array.from({ length: NUMBER }, (_, at) =>
    signedEvent({
      created_at: 1_793_491_200 + 3600 * at,
      content: `reading ${at} at the mill`,
      pubkey: ALICE,
    }),
  ),
  signedEvent({
    content: "the bridge holds https://example.com/bridge.jpg",
    pubkey: BOB,
    tags: [["t", "bridge"]],
    created_at: 1_795_000_000,
  }),
];

function cards(page: Page) {
  return page.getByRole("article");
}

describeInBrowser("Explore", [], (site) => {
  beforeAll(async () => {
    for (const event of EVENTS)
      await fetch(`${site.http}/api/v1/events`, { method: "POST", body: JSON.stringify(event) });
  });

  test("finds by words, author, kind, tag and time, and the address can be shared", async () => {
    const page = await site.open("/explore");
    await page.getByText(`${EVENTS.length} events match`).waitFor();
    await page.getByLabel("Words").fill("bridge");
    await page.getByRole("checkbox", { name: "Note" }).check();
    await page.getByLabel("Authors").fill(npubEncode(BOB));
    await page.getByLabel("Hashtags").fill("#bridge");
    await page.getByLabel("From (UTC)").fill("2026-11-01");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText("1 event matches").waitFor();
    expect(await cards(page).allInnerTexts()).toEqual([expect.stringContaining("Bob of the bridge")]);
    expect(new URL(page.url()).search).toBe(
      `?authors=${npubEncode(BOB)}&kinds=1&tag.t=bridge&search=bridge&since=1793491200`,
    );
    const shared = await site.open(new URL(page.url()).pathname + new URL(page.url()).search);
    expect(await cards(shared).count()).toBe(1);
    expect(await shared.getByLabel("From (UTC)").inputValue()).toBe("2026-11-01");
    expect(await shared.getByRole("checkbox", { name: "Note" }).isChecked()).toBe(true);
  });

  test("pages lead on and back, and Back restores what was shown", async () => {
    const page = await site.open("/explore?keyword=reading");
    const first = await cards(page).allInnerTexts();
    await page.getByRole("link", { name: "Older →" }).click();
    await page.getByText("reading 24 at the mill").waitFor();
    await page.getByRole("link", { name: "Older →" }).click();
    await page.getByText("reading 0 at the mill").waitFor();
    expect(await cards(page).count()).toBe(5);
    expect(await page.getByRole("link", { name: "Older →" }).count()).toBe(0);
    await page.getByText(`${NUMBER} events match`).waitFor();
    await page.getByRole("link", { name: "← Newer" }).click();
    await page.getByText("reading 24 at the mill").waitFor();
    await page.getByRole("link", { name: "← Newer" }).click();
    await page.getByText(`reading ${NUMBER - 1} at the mill`).waitFor();
    expect(await cards(page).allInnerTexts()).toEqual(first);
    await page.goBack();
    await page.goBack();
    await page.getByText("reading 0 at the mill").waitFor();
  });

  test("works without scripts", async () => {
    const page = await site.open("/explore", { javaScriptEnabled: false, viewport: PHONE });
    await page.locator("summary").first().click();
    await page.getByLabel("Hashtags").fill("#bridge");
    await page.getByLabel("Order").selectOption("Oldest first");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText("the bridge holds").waitFor();
    expect(new URL(page.url()).search).toBe("?tag.t=bridge&order=asc");
    expect(await cards(page).count()).toBe(1);
  });

  test.each([
    ["Export JSON", (text: string) => JSON.parse(text) as Event[]],
    [
      "Export JSONL",
      (text: string) =>
        text
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line) as Event),
    ],
  ])("%s saves all that match, not only what the page shows", async (name, read) => {
    const page = await site.open("/explore?keyword=reading&order=asc");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name, exact: true }).click(),
    ]);
    const events = read(readFileSync(await download.path(), "utf8"));
    expect(events).toEqual(EVENTS.slice(1, -1));
    await page.getByText(`Exported ${NUMBER} events`).waitFor();
    // The focus is where it was, not lost with the button.
    expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/^Export/);
  });

  test("an export can be cancelled, and says when the relay fails", async () => {
    const page = await site.open("/explore");
    await page.getByText("events match").waitFor();
    await page.route("**/api/v1/events?*", () => {});
    await page.getByRole("button", { name: "Export JSON", exact: true }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Cancelled").waitFor();
    await page.unroute("**/api/v1/events?*");
    await page.route("**/api/v1/events?*", (route) => route.fulfill({ json: { events: 5 } }));
    await page.getByRole("button", { name: "Export JSON", exact: true }).click();
    await page.getByText("Not exported: The relay's answer is not what its API promises.").waitFor();
    expect(await page.getByRole("button", { name: "Cancel" }).count()).toBe(0);
  });

  test("a wrong author is said at the field, and can be corrected", async () => {
    const page = await site.open();
    await page.goto(`${site.http}/explore?kinds=1`);
    // The status 400 is an error to the console, so the wrong page comes by a route with another status.
    const wrong = await (await fetch(`${site.http}/explore?authors=npub1wrong`)).text();
    await page.route("**/explore?authors=npub1wrong", (route) =>
      route.fulfill({ body: wrong, contentType: "text/html" }),
    );
    await page.goto(`${site.http}/explore?authors=npub1wrong`);
    await page.getByText('authors has "npub1wrong", expected 64 lower-case hex').waitFor();
    expect(await page.getByLabel("Authors").getAttribute("aria-invalid")).toBe("true");
    await expectAccessible(page);
    await page.getByLabel("Authors").fill(npubEncode(BOB));
    await page.getByLabel("Authors").press("Enter");
    await page.getByText("2 events match").waitFor();
  });

  test("pictures are loaded only when someone asks for them", async () => {
    const page = await site.open("/explore?tag.t=bridge");
    const asked: string[] = [];
    await page.route("https://example.com/**", (route) => {
      asked.push(route.request().url());
      return route.fulfill({
        contentType: "image/svg+xml",
        body: '<svg xmlns="http://www.w3.org/2000/svg"/>',
      });
    });
    await page.getByText("1 event matches").waitFor();
    expect(asked).toEqual([]);
    await page.getByRole("link", { name: "Show picture" }).click();
    await page.locator("img.picture").waitFor();
    expect(asked).toEqual(["https://example.com/bridge.jpg"]);
  });

  test("it leads to Watch with the conditions that make sense there, and to the HTTP API", async () => {
    const page = await site.open("/explore?kinds=1&tag.t=bridge&since=5&order=asc");
    expect(await page.getByRole("link", { name: "Watch live" }).getAttribute("href")).toBe(
      "/watch?kinds=1&tag.t=bridge",
    );
    const api = await page.getByRole("link", { name: "As JSON" }).getAttribute("href");
    expect(await (await fetch(site.http + api)).json()).toMatchObject({ events: [EVENTS.at(-1)] });
  });

  test("fits and is accessible, found or not", async () => {
    for (const path of ["/explore", "/explore?tag.t=nowhere"]) {
      for (const [viewport, colorScheme] of [
        [PHONE, "dark"],
        [DESKTOP, "light"],
      ] as const) {
        const page = await site.open(path, { viewport, colorScheme });
        await page.getByText(/events match/).waitFor();
        if (viewport === PHONE) await page.locator("summary").first().click();
        await page.getByText("More fields").click();
        await page.getByLabel("Other kinds").waitFor();
        expect(await page.getByRole("heading", { level: 1 }).innerText()).toBe("Explore");
        await expectToFit(page);
        await expectAccessible(page);
      }
    }
  });
});
