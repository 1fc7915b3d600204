/** The dashboard: real figures of a relay, and answers of other shapes in place of the relay's. */
import type { BrowserContextOptions, Page } from "playwright-core";
import { expect, test } from "vitest";
import type { RangeName, StatsAnswer } from "../../telemetry/stats-answer.ts";
import { busyStats, emptyStats } from "../fixtures/stats-answers.ts";
import { ADMIN, publish } from "./admins.ts";
import {
  describeInBrowser,
  DESKTOP,
  expectAccessible,
  expectToFit,
  isShown,
  PHONE,
  type Site,
} from "./browser.ts";

const FAILED = /status of 503/;

/** Opens the dashboard with these statistics instead of the relay's. */
async function openWith(
  site: Site,
  stats: (range: RangeName) => StatsAnswer | undefined,
  { query = "", expected, ...options }: BrowserContextOptions & { query?: string; expected?: RegExp } = {},
): Promise<Page> {
  const page = await site.open(undefined, options, expected);
  await page.route("**/api/v1/stats?*", async (route) => {
    const range = new URL(route.request().url()).searchParams.get("range") as RangeName;
    const json = stats(range);
    const error = { code: "unavailable", message: "the counters do not answer" };
    await route.fulfill(json ? { json } : { status: 503, json: { error } });
  });
  await page.goto(`${site.http}/dashboard${query}`);
  return page;
}

const chart = (page: Page, title: string) => page.getByRole("region", { name: title, exact: true });

/** Returns whether a chart has a pixel in the colour of a class. */
function isDrawn(page: Page, title: string, name: string): Promise<boolean> {
  return chart(page, title).evaluate((section, name) => {
    const swatch = section.querySelector(`.${name}`);
    const canvas = section.querySelector("canvas");
    const context = canvas?.getContext("2d");
    if (!swatch || !canvas || !context) throw new Error("there is no chart");
    const colour = (getComputedStyle(swatch).color.match(/\d+/g) ?? []).map(Number);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4)
      if (colour.every((part, n) => data[at + n] === part) && data[at + 3] === 255) return true;
    return false;
  }, name);
}

describeInBrowser("the dashboard", ["--var", "COUNTS_INTERVAL=1"], (site) => {
  test("shows what a relay has really done, without signing in on the relay's own machine", async () => {
    await publish(site, ADMIN, { content: "a row to be counted" });
    const page = await site.open("/dashboard");
    await isShown(page.getByRole("heading", { name: "Healthy" }));
    const rowsWritten = page
      .getByRole("row", { name: /D1: rows written/ })
      .getByRole("cell")
      .first();
    await expect
      .poll(async () => {
        await page.getByRole("button", { name: "Refresh" }).click();
        return Number(await rowsWritten.innerText());
      })
      .toBeGreaterThan(0);
    expect(await page.getByText("The relay gathers from no other relay.").count()).toBe(1);
    await expectAccessible(page);
  });

  test.each([
    ["light", PHONE, "month"],
    ["dark", PHONE, "hour"],
    ["light", DESKTOP, "day"],
    ["dark", DESKTOP, "month"],
  ] as const)("in the %s, on a window %o, the last %s is accessible and fits", async (...args) => {
    const [colorScheme, viewport, range] = args;
    const page = await openWith(site, busyStats, { colorScheme, viewport, query: `?range=${range}` });
    await isShown(page.locator(".plot canvas"));
    expect(await page.locator(".plot canvas").count()).toBe(15);
    expect(await chart(page, "Events stored, by kind").locator(".chart-current").innerText()).toMatch(
      /^\d+\.\d events a second$/,
    );
    await expectToFit(page);
    await expectAccessible(page);
  });

  test.each([
    ["Connections and subscriptions", "Subscriptions", DESKTOP, "hour"],
    ["Events stored, by kind", "Repost", PHONE, "month"],
  ] as const)("%s: a line has the colour of its legend, and can be switched off", async (...args) => {
    const [title, label, viewport, range] = args;
    const page = await openWith(site, busyStats, { viewport, query: `?range=${range}` });
    const entry = chart(page, title).getByRole("button", { name: label });
    await expect.poll(() => isDrawn(page, title, "line-2")).toBe(true);
    await entry.click();
    await expect.poll(() => entry.getAttribute("aria-pressed")).toBe("false");
    await expect.poll(() => isDrawn(page, title, "line-2")).toBe(false);
    await entry.click();
    await expect.poll(() => isDrawn(page, title, "line-2")).toBe(true);
  });

  test("values are read with the mouse, with keys and in a table", async () => {
    const page = await openWith(site, busyStats, { timezoneId: "UTC" });
    const messages = chart(page, "Messages");
    const plot = messages.getByRole("slider");
    const spoken = () => plot.getAttribute("aria-valuetext");
    const last = await spoken();
    expect(last).toMatch(/^11:59, Messages from clients [\d.]+\/s, Events sent to subscriptions \d+\/s$/);
    await plot.focus();
    await page.keyboard.press("ArrowLeft");
    await expect.poll(spoken).toMatch(/^11:58, /);
    await isShown(messages.getByText("At 11:58"));
    await page.keyboard.press("Home");
    await expect.poll(spoken).toBe("11:00, Messages from clients –, Events sent to subscriptions –");
    await page.keyboard.press("Tab");
    await expect.poll(spoken).toBe(last);
    await plot.hover();
    await expect.poll(spoken).toMatch(/^11:(2|3)\d, /);
    await messages.getByText("Table", { exact: true }).click();
    const row = messages.getByRole("row").nth(1);
    const cells = await row.getByRole("cell").allInnerTexts();
    expect(last).toBe(`11:59, Messages from clients ${cells[0]}, Events sent to subscriptions ${cells[1]}`);
    await expectAccessible(page);
  });

  test("a range is chosen, and is in the address", async () => {
    const page = await openWith(site, busyStats, { timezoneId: "UTC" });
    await isShown(page.getByText("Since 11:06, in steps of 1 minute."));
    await page.getByRole("radio", { name: "Month" }).check();
    await isShown(page.getByText("Since 20 Oct, 12:00, in steps of 4 hours."));
    expect(new URL(page.url()).search).toBe("?range=month");
  });

  test("a relay without figures says so in each chart", async () => {
    const page = await openWith(site, emptyStats, { viewport: PHONE });
    await isShown(page.getByText("The relay has reported nothing in this time."));
    expect(await page.locator(".plot").count()).toBe(0);
    expect(await page.locator(".chart-empty").count()).toBe(15);
    await expectToFit(page);
    await expectAccessible(page);
  });

  test("if the relay fails, the last figures stay and are marked as old until it answers again", async () => {
    let isFailing = false;
    const stats = (range: RangeName) => (isFailing ? undefined : busyStats(range));
    const page = await openWith(site, stats, { expected: FAILED });
    await isShown(page.locator(".plot canvas"));
    isFailing = true;
    await page.getByRole("button", { name: "Refresh" }).click();
    const alert = page.getByRole("alert");
    await isShown(alert.getByText(/The counters do not answer\. The figures below are \d+ s old\./));
    expect(await page.locator(".old .plot canvas").count()).toBeGreaterThan(0);
    expect(await page.locator(".health-row").count()).toBe(0);
    await expectAccessible(page);
    isFailing = false;
    await alert.getByRole("button", { name: "Try again" }).click();
    await alert.waitFor({ state: "detached" });
    expect(await page.locator(".old").count()).toBe(0);
  });

  test("if the relay fails from the start, that does not look like an empty answer", async () => {
    const page = await openWith(site, () => undefined, { expected: FAILED });
    await isShown(page.getByRole("alert").getByText("The counters do not answer."));
    expect(await page.locator(".chart").count()).toBe(0);
  });

  /** Opens the page with a clock that the test moves. Returns how often the page has asked for statistics. */
  async function openWithClock(page: Page, answer: { status?: number; json: object }): Promise<() => number> {
    let read = 0;
    await page.clock.install({ time: new Date("2026-11-17T12:00:10Z") });
    await page.route("**/api/v1/stats?*", async (route) => {
      read += 1;
      await route.fulfill(answer);
    });
    await page.goto(`${site.http}/dashboard`);
    await expect.poll(() => read).toBe(1);
    return () => read;
  }
  const hide = (page: Page, hidden: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { configurable: true, value });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);

  test("figures are read again each minute, but not while the page is hidden or paused", async () => {
    const page = await site.open();
    const read = await openWithClock(page, { json: busyStats("hour") });
    await isShown(page.locator(".plot canvas"));
    await page.clock.fastForward(55_000);
    await expect.poll(read).toBe(2);
    await hide(page, true);
    await page.clock.fastForward(180_000);
    expect(read()).toBe(2);
    await hide(page, false);
    await expect.poll(read).toBe(3);
    await page.getByRole("button", { name: "Pause" }).click();
    await isShown(page.getByRole("button", { name: "Paused" }));
    // What the page does after it has drawn the button.
    await page.clock.runFor(1000);
    await page.clock.fastForward(180_000);
    expect(read()).toBe(3);
  });

  test("a page that was opened in the background is read again when it is seen", async () => {
    const page = await site.open();
    await page.addInitScript(() => {
      Object.defineProperty(document, "hidden", { configurable: true, value: true });
    });
    const read = await openWithClock(page, { json: busyStats("hour") });
    await isShown(page.locator(".plot canvas"));
    await page.clock.fastForward(180_000);
    expect(read()).toBe(1);
    await hide(page, false);
    await expect.poll(read).toBe(2);
  });

  test("a relay that has refused is not asked again until someone signs in", async () => {
    const page = await site.open(undefined, undefined, /status of 401/);
    const error = { code: "auth-required", message: "only operators may read this" };
    const read = await openWithClock(page, { status: 401, json: { error } });
    await isShown(page.getByLabel("METRICS_TOKEN"));
    await page.clock.fastForward(180_000);
    await page.getByLabel("METRICS_TOKEN").fill("token");
    expect(read()).toBe(1);
    await page.getByRole("button", { name: "Read with this token" }).click();
    await expect.poll(read).toBe(2);
  });
});
