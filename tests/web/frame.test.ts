/** The frame of the pages: navigation, phones, the dark, keyboards and screen readers. */
import { expect, test } from "vitest";
import { describeInBrowser, DESKTOP, expectAccessible, expectToFit, PHONE } from "./browser.ts";

const PATHS = ["/", "/watch", "/explore", "/dashboard", "/admin"];

describeInBrowser("the frame", [], (site) => {
  test.each(PATHS)(
    "%s is accessible and fits a phone in the dark and a desktop in the light",
    async (path) => {
      for (const viewport of [PHONE, DESKTOP]) {
        const page = await site.open(path, { viewport, colorScheme: viewport === PHONE ? "dark" : "light" });
        expect(await page.locator("h1").innerText()).not.toBe("");
        await expectToFit(page);
        await expectAccessible(page);
      }
    },
  );

  test("the first Tab leads to the content", async () => {
    const page = await site.open("/");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("content");
  });

  test("an unknown address says so, with a way back", async () => {
    const response = await fetch(`${site.http}/nothing`, { headers: { accept: "text/html" } });
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('href="/"');
  });

  test.each(["/watch", "/dashboard", "/admin"])(
    "%s loads nothing from other hosts and little in all",
    async (path) => {
      const page = await site.open();
      let bytes = 0;
      const hosts = new Set<string>();
      page.on("response", async (response) => {
        hosts.add(new URL(response.url()).host);
        bytes += (await response.request().sizes()).responseBodySize;
      });
      await page.goto(site.http + path, { waitUntil: "networkidle" });
      expect([...hosts]).toEqual([new URL(site.http).host]);
      expect(bytes).toBeLessThan(100_000);
    },
  );
});
