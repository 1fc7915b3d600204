/** The admin page: what admins decide about people, events, kinds, addresses, roles and settings. */
import { generateSecretKey, getPublicKey } from "nostr-tools";
import { noteEncode, npubEncode } from "nostr-tools/nip19";
import { expect, test } from "vitest";
import { ADMIN_KEY, call, confirm, goTo, isTold, loaded, openAdmin, publish } from "./admins.ts";
import { describeInBrowser, DESKTOP, expectAccessible, expectToFit, isShown, PHONE } from "./browser.ts";

const [ANN, BOB, EVE] = [generateSecretKey(), generateSecretKey(), generateSecretKey()];
const [ANN_KEY, EVE_KEY] = [getPublicKey(ANN), getPublicKey(EVE)];
const LONG_NAME = `Eve ${"of the very long name ".repeat(4)}`;

const PLACES = [
  "overview",
  "reports",
  ...["banned-keys", "kinds", "addresses"].map((list) => `lists/${list}`),
  `find/hex/${EVE_KEY}`,
  "upstreams",
  "upstreams/add",
  `upstreams/${encodeURIComponent("wss://upstream.example")}`,
  "outbox",
  "dead-letters",
  "roles",
  "settings",
  "audit",
];

describeInBrowser("the admin page", ["--var", `RELAY_ADMINS=${ADMIN_KEY}`], (site) => {
  const eventIsThere = async (id: string) => (await fetch(`${site.http}/api/v1/events/${id}`)).status === 200;

  test("reports: an admin sees the event, who reported it and why, and keeps it or bans it or its author", async () => {
    await publish(site, EVE, { kind: 0, content: JSON.stringify({ name: LONG_NAME }) });
    const ids: string[] = [];
    for (const content of ["the first, <b>not bold</b>", "the second", "the third"]) {
      const id = await publish(site, EVE, { content });
      ids.push(id);
      const tags = [
        ["e", id, "spam"],
        ["p", EVE_KEY],
      ];
      await publish(site, ANN, { kind: 1984, tags, content: "I do not like it" });
      await publish(site, BOB, { kind: 1984, tags });
    }
    const [first = "", second = "", third = ""] = ids;
    const page = await openAdmin(site, "reports");
    const cards = page.locator(".reported");
    expect(await cards.count()).toBe(3);
    const card = (content: string) => cards.filter({ hasText: content });
    expect(await card("the first").innerText()).toContain("<b>not bold</b>");
    expect(await card("the first").innerText()).toMatch(/Reported by 2 people\s+spam × 2/);
    await card("the first").getByText("What the reporters say").click();
    expect(await isShown(card("the first").getByText("I do not like it"))).toBe(true);

    await card("the first").getByRole("button", { name: /^Keep/ }).click();
    expect(await isTold(page, "The event stays, and its reports are not shown any more.")).toBe(true);
    await card("the first").waitFor({ state: "detached" });

    await confirm(card("the second").getByRole("button", { name: /^Ban the event/ }), { reason: "rude" });
    expect(await isTold(page, "The event is banned and removed.")).toBe(true);
    expect(await eventIsThere(second)).toBe(false);
    expect(await call(site, "listbannedevents")).toContainEqual({ id: second, reason: "rude" });
    await page.getByRole("button", { name: "Lift the ban" }).click();
    expect(await isTold(page, "The ban is lifted.")).toBe(true);
    expect(await call(site, "listbannedevents")).not.toContainEqual(expect.objectContaining({ id: second }));

    await confirm(card("the third").getByRole("button", { name: /^Ban the author/ }));
    expect(await isShown(page.getByText("Nothing to decide."))).toBe(true);
    expect([await eventIsThere(first), await eventIsThere(third)]).toEqual([false, false]);
    await call(site, "unbanpubkey", EVE_KEY);
  });

  test("lists: a key is banned, found, and its ban lifted; what is no key is refused in words", async () => {
    await call(site, "banpubkey", getPublicKey(BOB), "another one");
    const page = await openAdmin(site, "lists/banned-keys");
    await page.getByText("Ban a key", { exact: true }).click();
    await page.getByLabel("Public key").fill("nobody");
    await page.getByRole("button", { name: "Ban the key" }).click();
    expect(await isShown(page.getByText(/This is not valid\. Expected npub1/))).toBe(true);
    await page.getByLabel("Public key").fill(npubEncode(ANN_KEY));
    await page.getByLabel("Reason").fill("writes too much");
    await confirm(page.getByRole("button", { name: "Ban the key" }));
    expect(await isTold(page, "The key is banned and its events are removed.")).toBe(true);
    expect(await isShown(page.getByText("writes too much"))).toBe(true);
    await page.getByLabel("Search 2 entries").fill("writes");
    expect(await page.locator(".line").count()).toBe(1);
    await confirm(page.getByRole("button", { name: /^Lift the ban/ }));
    expect(await isTold(page, "The ban is lifted.")).toBe(true);
    expect(await call(site, "listbannedpubkeys")).toEqual([
      { pubkey: getPublicKey(BOB), reason: "another one" },
    ]);
    await call(site, "unbanpubkey", getPublicKey(BOB));
  });

  test("lists: addresses are blocked, and the relay refuses the admin's own in its words", async () => {
    const page = await openAdmin(site, "lists/addresses");
    await page.getByText("Block an address", { exact: true }).click();
    await page.getByLabel("IP address or range").fill("127.0.0.0/8");
    await page.getByRole("button", { name: "Block", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Block" }).click();
    expect(await isShown(dialog.getByText(/contains your own address: you would lock yourself out/))).toBe(
      true,
    );
    await page.keyboard.press("Escape");
    expect(await page.getByLabel("IP address or range").inputValue()).toBe("127.0.0.0/8");
    await page.getByLabel("IP address or range").fill("203.0.113.0/24");
    await confirm(page.getByRole("button", { name: "Block", exact: true }));
    await confirm(page.getByRole("button", { name: "Unblock: 203.0.113.0/24" }));
    expect(await isShown(page.getByText("The list is empty."))).toBe(true);
  });

  test("lists: the first allowed kind is explained before it closes the relay to all others", async () => {
    const page = await openAdmin(site, "lists/kinds");
    await page.getByRole("radio", { name: "Allow only listed kinds" }).check();
    await page.getByLabel("Kind", { exact: true }).fill("1");
    await page.getByRole("button", { name: "Allow the kind" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.innerText()).toContain("Refuse all kinds except 1?");
    expect(await dialog.innerText()).toContain("the relay refuses every other kind");
    await page.keyboard.press("Escape");
    expect(await call(site, "listallowedkinds")).toEqual([]);
    await confirm(page.getByRole("button", { name: "Allow the kind" }));
    expect(await isTold(page, "Done: only these kinds are accepted: 1.")).toBe(true);
    await confirm(page.getByRole("button", { name: "Remove: kind 1" }));
    expect(await isTold(page, "Done: all kinds are accepted.")).toBe(true);
    await page.getByRole("radio", { name: "Ban a kind" }).check();
    await page.getByLabel("Kind", { exact: true }).fill("30402");
    await confirm(page.getByRole("button", { name: "Ban the kind" }));
    await page.getByRole("button", { name: "Lift the ban: kind 30402" }).click();
    await expect.poll(() => call(site, "listdisallowedkinds")).toEqual([]);
  });

  test("find: a key and an event, with what can be done about them", async () => {
    const id = await publish(site, ANN, { content: "somewhere on the relay" });
    const page = await openAdmin(site, "find");
    await page.getByLabel("Key or event").fill("nothing");
    await page.getByRole("button", { name: "Find", exact: true }).click();
    expect(await isShown(page.getByText("This is neither a key nor an event."))).toBe(true);
    await page.getByLabel("Key or event").fill(noteEncode(id));
    await page.keyboard.press("Enter");
    expect(await isShown(page.getByText("somewhere on the relay"))).toBe(true);
    await page.getByRole("button", { name: /^Trace/ }).click();
    expect(await isTold(page, /^The trace of this event is/)).toBe(true);
    await goTo(page, `find/key/${ANN_KEY}`);
    await page.getByRole("button", { name: "Add to the allow-list" }).click();
    expect(await isShown(page.getByText("It is on the allow-list"))).toBe(true);
    await page.getByRole("button", { name: "Remove from the allow-list" }).click();
    await expect.poll(() => call(site, "listallowedpubkeys")).toEqual([]);
  });

  test("roles: created, described, given, taken and deleted", async () => {
    const page = await openAdmin(site, "roles");
    await page.getByText("Create a role").click();
    await page.getByLabel("Id").fill("gardener");
    await page.getByLabel("Colour").fill("500");
    await page.getByRole("button", { name: "Create the role" }).click();
    expect(await isShown(page.getByText("A hue is a number from 0 to 360."))).toBe(true);
    await page.getByLabel("Colour").fill("120");
    await page.getByRole("button", { name: "Create the role" }).click();
    expect(await isTold(page, "The role gardener is created.")).toBe(true);
    await page.getByRole("button", { name: "Edit: gardener" }).click();
    const card = page.locator("article");
    await card.getByLabel("Label").fill("Gardener");
    await card.getByRole("button", { name: "Save" }).click();
    expect(await isTold(page, "The role gardener is saved.")).toBe(true);
    await card.getByText("0 keys").click();
    await card.getByLabel("Public key").fill(npubEncode(ANN_KEY));
    await card.getByRole("button", { name: "Give the role" }).click();
    expect(await isTold(page, "The key has the role gardener.")).toBe(true);
    expect(await call(site, "listroles")).toMatchObject([
      { id: "gardener", label: "Gardener", color: 120, members: [ANN_KEY] },
    ]);
    await card.getByRole("button", { name: /^Remove/ }).click();
    await page.getByRole("button", { name: "Give it back" }).click();
    expect(await isTold(page, "The key has the role gardener again.")).toBe(true);
    await confirm(card.getByRole("button", { name: /^Delete/ }));
    expect(await call(site, "listroles")).toEqual([]);
  });

  test("settings: changed at once and back, the rest is shown and secrets are not", async () => {
    const page = await openAdmin(site, "settings");
    const name = page.locator("form").filter({ has: page.getByLabel("Name", { exact: true }) });
    await name.getByLabel("Name").fill("x".repeat(30));
    await name.getByRole("button", { name: "Save" }).click();
    expect(await isShown(name.getByText(/expected at most 29 characters/))).toBe(true);
    await name.getByLabel("Name").fill("A new name");
    await name.getByRole("button", { name: "Save" }).click();
    expect(await isTold(page, "Name is changed.")).toBe(true);
    expect(await nameOfRelay(site.http)).toBe("A new name");
    await page.getByRole("button", { name: "Change it back" }).click();
    expect(await isTold(page, "Name is as it was before.")).toBe(true);
    expect(await nameOfRelay(site.http)).toBe("Tributary");

    const access = page.locator("form").filter({ hasText: "Who may write" });
    await access.getByRole("radio", { name: "Allow-list" }).check();
    await access.getByRole("button", { name: "Save" }).click();
    expect(
      await isShown(page.getByRole("dialog").getByText(/The allow-list is empty: nobody but the admins/)),
    ).toBe(true);
    await page.getByRole("dialog").getByRole("button", { name: "Change" }).click();
    expect(await isTold(page, "Who may write: allow-list.")).toBe(true);
    await page.getByRole("button", { name: "Change it back" }).last().click();
    await expect.poll(() => valueOf("WRITE_ACCESS")).toBe("open");

    await page.getByRole("button", { name: "Send a test alert" }).click();
    expect(await isShown(page.getByText("Webhook: not set"))).toBe(true);

    await page.getByLabel("Search the settings").fill("METRICS_TOKEN");
    expect(await page.locator(".setting").allInnerTexts()).toEqual([expect.stringContaining("not set")]);
  });

  const valueOf = async (name: string) =>
    ((await call(site, "listsettings")) as { name: string; value: string }[]).find((one) => one.name === name)
      ?.value;

  test("audit log: who did what, and what was refused", async () => {
    await call(site, "blockip", "127.0.0.1", "by mistake").catch(() => {});
    await call(site, "allowkind", 1, "for the log");
    await call(site, "unallowkind", 1);
    const page = await openAdmin(site, "audit");
    await page.getByLabel("Search").fill("for the log");
    expect(await page.locator(".line").count()).toBe(1);
    expect(await page.locator(".line").innerText()).toContain("allowkind");
    await page.getByLabel("Search").fill("by mistake");
    expect(await page.locator(".line").innerText()).toMatch(/refused[^]*you would lock yourself out/);
    await page.getByLabel("Search").fill("");
    await page.getByLabel("What", { exact: true }).selectOption("unallowkind");
    expect([...new Set(await page.locator(".line strong").allInnerTexts())]).toEqual(["unallowkind"]);
  });

  test("a relay that stops answering: nothing typed is lost, and no failure looks like success", async () => {
    const page = await openAdmin(site, "settings", {}, /ERR_INTERNET_DISCONNECTED/);
    const name = page.locator("form").filter({ has: page.getByLabel("Name", { exact: true }) });
    await name.getByLabel("Name").fill("Unsaved");
    await page.context().setOffline(true);
    await name.getByRole("button", { name: "Save" }).click();
    expect(await isShown(name.getByText(/The relay cannot be reached/))).toBe(true);
    expect(await name.getByLabel("Name").inputValue()).toBe("Unsaved");
    await goTo(page, "reports");
    expect(await isShown(page.getByText(/The relay cannot be reached/))).toBe(true);
    expect(await page.getByText("Nothing to decide.").count()).toBe(0);
    await page.context().setOffline(false);
    await page.getByRole("button", { name: "Try again" }).click();
    expect(await isShown(page.getByText("Nothing to decide."))).toBe(true);
  });

  test("keyboard: a dialog takes the focus, Escape gives it back, and a change leaves it in the section", async () => {
    await call(site, "allowpubkey", ANN_KEY);
    const page = await openAdmin(site, "lists/allowed-keys");
    const remove = page.getByRole("button", { name: /^Remove/ });
    await remove.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    const inDialog = () => page.evaluate(() => document.activeElement?.closest("dialog") !== null);
    expect(await inDialog()).toBe(true);
    await page.keyboard.press("Escape");
    expect(await inDialog()).toBe(false);
    expect(await remove.evaluate((button) => button === document.activeElement)).toBe(true);
    await confirm(remove);
    await loaded(page);
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.closest(".section") !== null))
      .toBe(true);
  });

  test("every section is accessible and fits a phone in the dark and a desktop in the light", async () => {
    await call(site, "addupstream", "wss://upstream.example", {
      filters: [{ kinds: [1] }],
      direction: "both",
      live: true,
    });
    await call(site, "pauseupstream", "wss://upstream.example");
    await call(site, "createrole", "gardener", "Gardener", "Waters the plants", 120, 1);
    await call(site, "assignrole", EVE_KEY, "gardener");
    for (const options of [
      { viewport: PHONE, colorScheme: "dark" as const },
      { viewport: DESKTOP, colorScheme: "light" as const },
    ]) {
      const page = await openAdmin(site, "overview", options);
      for (const place of PLACES) {
        await goTo(page, place);
        expect([place, await page.locator(".notice.bad").allInnerTexts()]).toEqual([place, []]);
        await expectToFit(page);
        await expectAccessible(page);
      }
    }
  });
});

async function nameOfRelay(http: string): Promise<string> {
  const response = await fetch(http, { headers: { accept: "application/nostr+json" } });
  return ((await response.json()) as { name: string }).name;
}
