import { afterEach, beforeEach, expect, it } from "vitest";
import { PUBKEY } from "../../tests/fixtures/author.ts";
import { type HttpApi, openHttpApi } from "../../tests/fixtures/http-api.ts";
import { manage } from "../../tests/fixtures/management.ts";

let api: HttpApi;
beforeEach(() => (api = openHttpApi({ RELAY_ADMINS: PUBKEY })));
afterEach(() => api.close());

it("testalert says what became of each channel", async () => {
  expect(await manage(api, "testalert")).toEqual({ status: 200, result: { webhook: "sent" } });
});

it("testalert is for admins alone", async () => {
  const other = openHttpApi({ RELAY_ADMINS: "f".repeat(64) });
  expect(await manage(other, "testalert")).toMatchObject({ status: 403 });
  other.close();
});
