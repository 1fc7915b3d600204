/**
 * Takes the pictures of the pages for docs/pages.md, of a relay with the events of tests/fixtures/demo-events.ts:
 *
 *     npm run screenshots
 *
 * The dashboard shows made-up figures, because those of a relay that has just been started are few.
 *
 * The events are in several scripts, so the machine needs fonts for them (Debian: fonts-noto-core, fonts-noto-cjk,
 * fonts-noto-color-emoji).
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { demoEvents } from "../fixtures/demo-events.ts";
import { AMARA } from "../fixtures/demo-people.ts";
import { busyStats } from "../fixtures/stats-answers.ts";
import { ROOT, startProgram } from "../fixtures/program.ts";
import { publishAll } from "../fixtures/publish-all.ts";
import { signInWith } from "./admins.ts";
import { DESKTOP, launchChromium, PHONE } from "./chromium.ts";

interface Picture {
  /** The name of the file in docs/images, without its ending. */
  name: string;
  path: string;
  viewport: typeof DESKTOP;
  colorScheme: "light" | "dark";
  /** Brings the page into the state that the picture shows. */
  prepare?(page: Page): Promise<unknown>;
}

const EVENTS = demoEvents(Math.floor(Date.now() / 1000));
const RAIN = EVENTS.find(({ content }) => content.startsWith("The gauge at the old bridge"));
const signIn = (page: Page) => signInWith(page, AMARA.secret);

const PICTURES: Picture[] = [
  { name: "home", path: "/", viewport: DESKTOP, colorScheme: "light" },
  { name: "home-phone", path: "/", viewport: PHONE, colorScheme: "dark" },
  { name: "watch", path: "/watch", viewport: DESKTOP, colorScheme: "dark" },
  { name: "watch-phone", path: "/watch", viewport: PHONE, colorScheme: "light" },
  { name: "explore", path: "/explore?kinds=1,30023,20,1068", viewport: DESKTOP, colorScheme: "light" },
  { name: "explore-phone", path: "/explore?kinds=30023", viewport: PHONE, colorScheme: "dark" },
  { name: "event", path: `/e/${RAIN?.id}`, viewport: DESKTOP, colorScheme: "light" },
  { name: "profile-phone", path: `/p/${AMARA.pubkey}`, viewport: PHONE, colorScheme: "light" },
  { name: "dashboard", path: "/dashboard", viewport: DESKTOP, colorScheme: "light" },
  { name: "admin", path: "/admin", viewport: DESKTOP, colorScheme: "light", prepare: signIn },
  { name: "admin-phone", path: "/admin", viewport: PHONE, colorScheme: "dark", prepare: signIn },
  { name: "api", path: "/api", viewport: DESKTOP, colorScheme: "light" },
];

const SETTINGS = [
  "RELAY_NAME=Confluence",
  "RELAY_DESCRIPTION=A small relay for people who like rivers, bread and good bicycles",
  "RELAY_CONTACT=mailto:hello@confluence.example",
  "RELAY_TERMS=https://confluence.example/terms",
  "RETENTION=7:7776000",
  `RELAY_ADMINS=${AMARA.pubkey}`,
];

await main(process.argv.slice(2));

/** Takes the pictures with these names, by default all. */
async function main(names: string[]): Promise<void> {
  const folder = join(ROOT, "docs/images");
  mkdirSync(folder, { recursive: true });
  const relay = await startDemo();
  const browser = await launchChromium();
  try {
    for (const { name, path, prepare, ...window } of PICTURES) {
      if (names.length > 0 && !names.includes(name)) continue;
      const context = await browser.newContext({ ...window, reducedMotion: "reduce" });
      const page = await context.newPage();
      await page.route("**/api/v1/stats?*", (route) => route.fulfill({ json: busyStats("hour") }));
      await page.goto(relay.http + path);
      await prepare?.(page);
      // A page that watches keeps a connection open, so it never becomes idle: wait for its first events instead.
      await page.locator(".event, .card, h1").first().waitFor();
      await page.waitForTimeout(1500);
      await page.mouse.move(0, 0);
      await page.screenshot({ path: join(folder, `${name}.png`) });
      await context.close();
      console.log(`docs/images/${name}.png`);
    }
  } finally {
    await browser.close();
    await relay.stop();
  }
}

/** Starts a relay that has the events. */
async function startDemo(): Promise<{ http: string; stop(): Promise<void> }> {
  const port = await freePort();
  const state = mkdtempSync(join(tmpdir(), "tributary-demo-"));
  const settings = SETTINGS.flatMap((setting) => ["--var", setting]);
  const args = [join(ROOT, "scripts/start.ts"), "--port", String(port), "--state", state, ...settings];
  const relay = startProgram(process.execPath, args, { cwd: ROOT });
  await relay.shows("ready");
  const http = `http://localhost:${port}`;
  await publishAll(http, EVENTS);
  return {
    http,
    async stop() {
      relay.process.kill("SIGINT");
      await relay.ended;
      rmSync(state, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
