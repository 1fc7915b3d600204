/** Headless Chromium for the tests of the pages, and a relay to look at. Both are started once for each group of tests. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished } from "vitest";
import { startProgram, ROOT } from "../fixtures/program.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { CHROMIUM, DESKTOP, launchChromium } from "./chromium.ts";
import { relayProgram } from "../fixtures/relay-program.ts";

export { DESKTOP, PHONE } from "./chromium.ts";

export interface Site {
  /** http://localhost:PORT */
  http: string;
  /** ws://localhost:PORT */
  url: string;
  /**
   * Opens a page, or without a path an empty one. The test fails if the page writes an error to its console that is not
   * `expected`, or breaks its Content-Security-Policy.
   */
  open(path?: string, options?: BrowserContextOptions, expected?: RegExp): Promise<Page>;
  /** Runs the relay's minute jobs now. */
  runMinuteJobs(): void;
}

/** Describes tests in a browser. They are skipped with a message if there is no Chromium. */
export function describeInBrowser(name: string, args: string[], tests: (site: Site) => void): void {
  const isThere = existsSync(CHROMIUM);
  if (!isThere)
    console.log(
      `skipped: ${name}: there is no ${CHROMIUM} (Debian: apt-get install chromium; or set CHROMIUM)`,
    );
  describe.skipIf(!isThere)(`in a browser: ${name}`, () => {
    const site = {
      http: "",
      url: "",
      open: (path, options, expected) =>
        openPage(browser, path === undefined ? undefined : site.http + path, { options, expected }),
    } as Site;
    let browser: Browser;
    let stop = async () => {};
    beforeAll(async () => {
      [browser, stop] = await Promise.all([launchChromium(), startSite(site, args)]);
    });
    // A test that is tried again must not find what its first try has published.
    beforeEach(async ({ task }) => {
      if (!task.result?.retryCount) return;
      await stop();
      stop = await startSite(site, args);
    });
    afterAll(async () => {
      await browser?.close();
      await stop();
    });
    tests(site);
  });
}

/** Expects that axe finds nothing to complain about. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
      resultTypes: ["violations"],
    }),
  );
  expect(
    violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ html }) => html) })),
  ).toEqual([]);
}

/** Expects that nothing is wider than the window. */
export async function expectToFit(page: Page): Promise<void> {
  const [content, window] = await page.evaluate(
    () => [document.documentElement.scrollWidth, innerWidth] as const,
  );
  expect(content).toBeLessThanOrEqual(window);
}

/** Waits until something is shown. Rejects if it does not appear. */
export async function isShown(locator: Locator): Promise<true> {
  await locator.first().waitFor();
  return true;
}

async function openPage(
  browser: Browser,
  url: string | undefined,
  { options = {}, expected }: { options?: BrowserContextOptions | undefined; expected?: RegExp | undefined },
): Promise<Page> {
  const context = await browser.newContext({ viewport: DESKTOP, ...options });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !expected?.test(message.text())) errors.push(message.text());
  });
  onTestFinished(async () => {
    await context.close();
    expect(errors).toEqual([]);
  });
  if (url !== undefined) await page.goto(url);
  return page;
}

/** Starts a relay on a free port. Returns what stops it. */
async function startSite(site: Site, args: string[]): Promise<() => Promise<void>> {
  const port = await freePort();
  const state = mkdtempSync(join(tmpdir(), "tributary-web-"));
  const [program, first] = relayProgram();
  const relay = startProgram(program, [...first, "--port", String(port), "--state", state, ...args], {
    cwd: ROOT,
  });
  await relay.shows("ready");
  site.runMinuteJobs = () => void relay.process.kill("SIGUSR2");
  site.http = `http://localhost:${port}`;
  site.url = `ws://localhost:${port}`;
  return async () => {
    relay.process.kill("SIGINT");
    await relay.ended;
    rmSync(state, { recursive: true, force: true, maxRetries: 10 });
  };
}
