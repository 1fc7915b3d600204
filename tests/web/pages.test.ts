/** The pages that the server renders: home, one event, one person. */
import { npubEncode } from "nostr-tools/nip19";
import { beforeAll, expect, test } from "vitest";
import { demoEvents } from "../fixtures/demo-events.ts";
import { AMARA } from "../fixtures/demo-people.ts";
import { publishAll } from "../fixtures/publish-all.ts";
import { describeInBrowser, DESKTOP, expectAccessible, expectToFit, PHONE } from "./browser.ts";

const EVENTS = demoEvents(Math.floor(Date.now() / 1000));
const RAIN = EVENTS.find(({ content }) => content.startsWith("The gauge at the old bridge"))!;
const GARDEN = EVENTS.find(({ content }) => content.includes("koke.jpg"))!;

describeInBrowser("pages from the server", [], (site) => {
  beforeAll(() => publishAll(site.http, EVENTS));

  test.each(["/", `/e/${RAIN.id}`, `/e/${GARDEN.id}`, `/p/${AMARA.pubkey}`, "/api"])(
    "%s is accessible and fits",
    async (path) => {
      for (const viewport of [PHONE, DESKTOP]) {
        const page = await site.open(path, { viewport, colorScheme: viewport === PHONE ? "dark" : "light" });
        expect(await page.locator("h1").innerText()).not.toBe("");
        for (const summary of await page.locator("summary").all()) await summary.click();
        await expectToFit(page);
        await expectAccessible(page);
      }
    },
  );

  test("from the home page to an event, its author, and all of their events, without a script", async () => {
    const page = await site.open("/", { javaScriptEnabled: false });
    await page.locator(".event", { hasText: "The gauge at the old bridge" }).locator(".event-time").click();
    expect(await page.title()).toContain("Amara Okafor: The gauge");
    await page.locator(".author").first().click();
    expect(await page.locator("h1").innerText()).toBe("Amara Okafor");
    expect(await page.getByRole("link", { name: "All events of" }).getAttribute("href")).toBe(
      `/explore?authors=${npubEncode(AMARA.pubkey)}`,
    );
    expect(await page.locator("button").isVisible()).toBe(false);
  });

  test("the address is also a QR code, which a script draws when someone asks for it", async () => {
    const page = await site.open("/");
    const code = page.getByRole("img", { name: `QR code of ${site.url}` });
    await page.getByText("QR code").click();
    await code.locator("path").waitFor();
    const withoutScripts = await site.open("/", { javaScriptEnabled: false });
    expect(await withoutScripts.getByText(site.url).first().isVisible()).toBe(true);
    expect(await withoutScripts.getByText("QR code").isVisible()).toBe(false);
  });

  test("the address can be copied", async () => {
    const page = await site.open("/", { permissions: ["clipboard-read", "clipboard-write"] });
    await page.getByRole("button", { name: "Copy" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(site.url);
  });

  test("the page of the API has each operation, with its parameters and answers", async () => {
    const page = await site.open("/api");
    const query = page.locator("#listEvents");
    expect(await query.locator("pre").first().innerText()).toBe(`curl '${site.http}/api/v1/events'`);
    await query.getByText("parameters").click();
    expect(await query.innerText()).toContain("Unix seconds, inclusive");
    await query.getByText("Answers").click();
    expect(await query.innerText()).toContain("Too many requests");
  });

  test("the pages can be installed as an app", async () => {
    const page = await site.open("/");
    const devtools = await page.context().newCDPSession(page);
    const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
    // Each test has a browser profile of its own, in which nothing can be installed.
    expect(installabilityErrors.map(({ errorId }) => errorId)).toEqual(["in-incognito"]);
  });

  test.each(["/favicon.ico", "/favicon.svg", "/robots.txt", "/assets/apple-touch-icon.png"])(
    "%s is there",
    async (path) => {
      expect((await fetch(site.http + path)).status).toBe(200);
    },
  );

  test("a picture is loaded when someone asks for it, and not before", async () => {
    const page = await site.open();
    const asked: string[] = [];
    await page.route("https://niwa.example/**", (route) => {
      asked.push(route.request().url());
      return route.fulfill({
        contentType: "image/svg+xml",
        body: '<svg xmlns="http://www.w3.org/2000/svg"/>',
      });
    });
    await page.goto(`${site.http}/e/${GARDEN.id}`, { waitUntil: "networkidle" });
    expect(asked).toEqual([]);
    await page.getByText("Show picture").click();
    await page.locator("img.picture").waitFor();
    expect(asked).toEqual(["https://niwa.example/koke.jpg"]);
  });
});
