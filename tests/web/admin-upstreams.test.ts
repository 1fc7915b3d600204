/** The admin page: upstreams, the outbox, and dead letters. */
import { generateSecretKey, getPublicKey } from "nostr-tools";
import { npubEncode } from "nostr-tools/nip19";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { UpstreamStatus } from "../../store/upstreams/upstream-status.ts";
import { type ScriptedRelay, startScriptedRelay, stored } from "../fixtures/scripted-relay.ts";
import { signedEvent } from "../fixtures/signed-events.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { ADMIN_KEY, call, confirm, goTo, isTold, openAdmin } from "./admins.ts";
import { describeInBrowser, expectAccessible, expectToFit, isShown, PHONE } from "./browser.ts";

const now = () => Math.floor(Date.now() / 1000);
const SETTINGS = ["--var", `RELAY_ADMINS=${ADMIN_KEY}`, "--var", "MAX_CONTENT_LENGTH=50"];

describeInBrowser("upstreams on the admin page", SETTINGS, (site) => {
  let upstream: ScriptedRelay;
  beforeAll(async () => {
    const long = signedEvent({ created_at: now() - 100, content: "too long for this relay ".repeat(9) });
    upstream = await startScriptedRelay(
      stored(long, signedEvent({ created_at: now() - 200, content: "short" })),
    );
  });
  afterAll(() => upstream[Symbol.asyncDispose]());

  const statusOf = async (url: string) =>
    ((await call(site, "listupstreams")) as UpstreamStatus[]).find((one) => one.url === url);

  test("an upstream is tested, added, pulled, paused, changed, backfilled and removed", async () => {
    const page = await openAdmin(site, "upstreams");
    expect(await isShown(page.getByText("There is no upstream yet."))).toBe(true);
    await page.getByRole("link", { name: "Add an upstream" }).click();
    await page.getByLabel("Address").fill("relay.example");
    await page.getByLabel("Kinds").fill("one");
    await page.getByRole("button", { name: "Add the upstream" }).click();
    expect(await isShown(page.getByText("Expected a ws:// or wss:// address."))).toBe(true);
    expect(await isShown(page.getByText("“one” is not a kind"))).toBe(true);
    await page.getByLabel("Address").fill(upstream.url);
    await page.getByLabel("Kinds").fill("1");
    await page.getByRole("button", { name: "Test it from this browser" }).click();
    expect(await isShown(page.getByText(/It answers a request within \d+ ms/))).toBe(true);
    await page.getByRole("button", { name: "Add the upstream" }).click();
    expect(await isTold(page, `${upstream.url} is added.`)).toBe(true);
    expect(await statusOf(upstream.url)).toMatchObject({ settings: { filters: [{ kinds: [1] }] } });

    await expect
      .poll(async () => pulled(await statusOf(upstream.url)), { interval: 1000 })
      .toBeGreaterThan(1);
    await page.getByRole("button", { name: "Reload" }).click();
    const received = page.locator(".figure").filter({ hasText: /[2-9]\s*events received/ });
    expect(await isShown(received)).toBe(true);

    await page.getByRole("button", { name: /^Pause/ }).click();
    expect(await isShown(page.locator(".section .badge").getByText("paused"))).toBe(true);
    await page
      .getByRole("button", { name: /^Resume/ })
      .last()
      .click();
    await expect.poll(async () => (await statusOf(upstream.url))?.state).toBe("ok");

    await page.getByText("Change the settings").click();
    await page.getByLabel("Tags").fill("t: nostr, relay");
    await page.getByLabel("Seconds between two pulls").fill("600");
    await page.getByRole("button", { name: "Save the settings" }).click();
    expect(await isTold(page, `The settings of ${upstream.url} are changed.`)).toBe(true);
    expect((await statusOf(upstream.url))?.settings).toMatchObject({
      filters: [{ kinds: [1], "#t": ["nostr", "relay"] }],
      interval: 600,
    });

    await page.getByText("Ask again for a range of time").click();
    await page.getByRole("button", { name: "Backfill" }).click();
    expect(await isShown(page.getByText("Choose when the range begins."))).toBe(true);
    await page.getByLabel("From", { exact: true }).fill("2026-01-01T00:00");
    await page.getByRole("button", { name: "Backfill" }).click();
    expect(await isTold(page, /^The next pulls ask again for this range/)).toBe(true);

    await confirm(page.getByRole("button", { name: /^Remove:/ }));
    expect(await isTold(page, `${upstream.url} is removed.`)).toBe(true);
    expect(await statusOf(upstream.url)).toBeUndefined();
    await page.getByRole("button", { name: "Add it again" }).click();
    await expect.poll(async () => (await statusOf(upstream.url))?.settings?.interval).toBe(600);
  });

  /** Runs the minute jobs until they have pulled the upstream. */
  function pulled(status: UpstreamStatus | undefined): number | undefined {
    if (status?.health.pulls === 0) site.runMinuteJobs();
    return status?.health.received;
  }

  test("a relay that cannot be reached is said to be so by the test, and may be added all the same", async () => {
    const page = await openAdmin(site, "upstreams/add", {}, /ERR_CONNECTION_REFUSED/);
    const away = `ws://localhost:${await freePort()}`;
    await page.getByLabel("Address").fill(away);
    await page.getByRole("button", { name: "Test it from this browser" }).click();
    expect(await isShown(page.getByText(`This browser cannot connect to ${away}.`))).toBe(true);
    await page.getByRole("button", { name: "Add the upstream" }).click();
    expect(await isTold(page, `${away} is added.`)).toBe(true);
  });

  test("dead letters: with their reason; shown, tried again, and removed", async () => {
    await expect.poll(async () => letters()).toBeGreaterThan(0);
    const page = await openAdmin(site, "dead-letters", { viewport: PHONE });
    await expectToFit(page);
    await expectAccessible(page);
    await page.getByLabel("Reason").selectOption({ index: 1 });
    const line = page.locator(".line");
    expect(await line.count()).toBe(1);
    expect(await line.innerText()).toContain(upstream.url);
    await line.getByRole("link").click();
    expect(await isShown(page.locator("pre").getByText("too long for this relay"))).toBe(true);
    await expectToFit(page);
    await expectAccessible(page);
    await page.getByRole("button", { name: "Try again" }).click();
    expect(await isTold(page, "1 dead letter will be tried again within about a minute.")).toBe(true);
    await goTo(page, "dead-letters");
    await page.getByLabel("Choose all").check();
    await confirm(page.getByRole("button", { name: "Try again: 1 dead letter" }));
    expect(await isShown(page.getByText("is tried again"))).toBe(true);
    await page.getByLabel("Choose letter").check();
    await confirm(page.getByRole("button", { name: "Remove: 1 dead letter" }));
    expect(await isTold(page, "1 dead letter removed.")).toBe(true);
    expect(await isShown(page.getByText("There are no dead letters."))).toBe(true);
  });

  const letters = async () => ((await call(site, "listdeadletters")) as { total: number }).total;

  test("outbox: a key is added, listed and removed", async () => {
    const key = getPublicKey(generateSecretKey());
    const page = await openAdmin(site, "outbox");
    await page.getByLabel("Public key").fill(npubEncode(key));
    await page.getByRole("button", { name: "Pull what this key follows" }).click();
    expect(await isTold(page, "The key is added.")).toBe(true);
    expect(await isShown(page.getByText(/The relays have not been chosen yet|What was found/))).toBe(true);
    await page.getByLabel("Public key").fill(npubEncode(key));
    await page.getByRole("button", { name: "Pull what this key follows" }).click();
    expect(await isShown(page.getByText(`what ${key} follows is pulled already`))).toBe(true);
    await confirm(page.getByRole("button", { name: /^Remove/ }));
    expect(await isShown(page.getByText("No key yet."))).toBe(true);
  });

  test("what needs an admin is on the overview, and leads to where it is decided", async () => {
    const page = await openAdmin(site, "overview");
    const tile = page.locator(".tile").filter({ hasText: "Upstreams" });
    const afterJobs = async () => {
      site.runMinuteJobs();
      await page.getByRole("button", { name: "Reload" }).click();
      return tile.innerText();
    };
    await expect.poll(afterJobs, { interval: 1000 }).toMatch(/1\s+of 2 are failing/);
    await tile.getByRole("link").click();
    expect(await isShown(page.locator(".line .problem"))).toBe(true);
  });
});
