import { expect, it, vi } from "vitest";
import { PUBKEY } from "../../tests/fixtures/author.ts";
import { openHttpApi } from "../../tests/fixtures/http-api.ts";
import { manage } from "../../tests/fixtures/management.ts";

it("[38] a ban is remembered until all events of the key are removed", async () => {
  const api = openHttpApi({ RELAY_ADMINS: PUBKEY });
  const banned = "d".repeat(64);
  vi.spyOn(api.moderation, "removeEventsOf").mockRejectedValueOnce(new Error("the isolate ends"));
  expect(await manage(api, "banpubkey", banned)).toMatchObject({ status: 503 });
  expect(await api.moderation.unemptied()).toEqual([banned]);
  expect(await manage(api, "banpubkey", banned)).toMatchObject({ status: 200 });
  expect(await api.moderation.unemptied()).toEqual([]);
  api.close();
});
