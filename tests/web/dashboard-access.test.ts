/** Who may read the dashboard of a relay that has a token, and what the page says to others. */
import { generateSecretKey } from "nostr-tools";
import { expect, test } from "vitest";
import { ADMIN, ADMIN_KEY, call, signInWith } from "./admins.ts";
import { describeInBrowser, expectAccessible, expectToFit, isShown, PHONE } from "./browser.ts";

const TOKEN = "correct-horse-battery-staple";
const SETTINGS = ["--var", `METRICS_TOKEN=${TOKEN}`, "--var", `RELAY_ADMINS=${ADMIN_KEY}`];
const REFUSED = /status of 401/;
const UPSTREAM = "wss://upstream.example";

describeInBrowser("the dashboard of a relay with a token", SETTINGS, (site) => {
  test("says who may read it and how to sign in, and accepts the token", async () => {
    const page = await site.open("/dashboard", { viewport: PHONE }, REFUSED);
    await isShown(page.getByText("only operators may read them"));
    await expectToFit(page);
    await expectAccessible(page);
    const field = page.getByLabel("METRICS_TOKEN");
    await field.fill("wrong");
    await page.getByRole("button", { name: "Read with this token" }).click();
    await isShown(page.getByRole("alert").getByText("The relay does not accept this token."));
    await field.fill(TOKEN);
    await page.getByRole("button", { name: "Read with this token" }).click();
    await isShown(page.getByRole("heading", { name: "Costs" }));
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  test("an admin who signs in sees each upstream, and signs out again", async () => {
    await call(site, "addupstream", UPSTREAM);
    const page = await site.open("/dashboard", undefined, REFUSED);
    await signInWith(page, ADMIN);
    const row = page.getByRole("row", { name: /upstream\.example/ });
    await isShown(row);
    expect(await row.getByRole("cell").nth(2).innerText()).toBe("not known yet");
    expect(await row.getByRole("link").getAttribute("href")).toBe(
      `/admin#upstreams/${encodeURIComponent(UPSTREAM)}`,
    );
    await expectAccessible(page);
    await page.getByRole("button", { name: "Sign out" }).click();
    await isShown(page.getByText("only operators may read them"));
    expect(await page.locator(".plot, .headline").count()).toBe(0);
    await page.getByLabel("METRICS_TOKEN").fill(TOKEN);
    await page.getByRole("button", { name: "Read with this token" }).click();
    await isShown(row);
    expect(await row.getByRole("cell").nth(2).innerText()).toBe("for admins");
  });

  test("another key is told that it is not an admin", async () => {
    const page = await site.open("/dashboard", undefined, REFUSED);
    await signInWith(page, generateSecretKey());
    expect(await page.getByRole("alert").first().innerText()).toContain("The relay does not accept this key");
    await page.getByRole("button", { name: "Sign out" }).click();
    await isShown(page.getByRole("radio", { name: "Secret key" }));
  });
});
