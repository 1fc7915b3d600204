import { expect, it, onTestFinished } from "vitest";
import { CHANGEABLE } from "../../relay/access/moderation-snapshot.ts";
import { SETTINGS } from "../../relay/config.ts";
import { PUBKEY } from "../../tests/fixtures/author.ts";
import { openHttpApi } from "../../tests/fixtures/http-api.ts";
import { manage } from "../../tests/fixtures/management.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";

const SECRETS = { METRICS_TOKEN: "never-show-this-token", RELAY_SECRET_KEY: "1".repeat(64) };

interface Listed {
  name: keyof typeof SETTINGS;
  method: string | null;
}

async function listWith(settings: Record<string, string>, ...calls: [string, string][]) {
  const api = openHttpApi({ RELAY_ADMINS: PUBKEY, ...settings }, migratedSqlite());
  onTestFinished(() => api.close());
  for (const [method, value] of calls) await manage(api, method, value);
  const { result } = await manage(api, "listsettings");
  const listed = result as Listed[];
  return { listed, of: (name: string) => listed.find((one) => one.name === name) };
}

it("listsettings has every setting, with what it does", async () => {
  const { listed, of } = await listWith({ MAX_FILTERS: "77" });
  expect(listed.map(({ name }) => name)).toEqual(Object.keys(SETTINGS));
  const { about, expected } = SETTINGS.MAX_FILTERS;
  const value = { value: "77", configured: "77", default: "100", isSet: true, method: null };
  expect(of("MAX_FILTERS")).toEqual({ name: "MAX_FILTERS", about, expected, ...value });
  expect(of("RELAY_ADMINS")).toMatchObject({ value: PUBKEY });
});

it("listsettings tells what an admin has changed, and what the deployment had set", async () => {
  const { listed, of } = await listWith({ RELAY_NAME: "Before" }, ["changerelayname", "After"]);
  expect(of("RELAY_NAME")).toMatchObject({
    configured: "Before",
    value: "After",
    method: "changerelayname",
  });
  expect(listed.filter(({ method }) => method !== null).map(({ name }) => name)).toEqual([...CHANGEABLE]);
});

it("listsettings never shows a secret, only whether it is set", async () => {
  const collector = "https://me:never-show-this@collector.test/api/v2/spans?key=never-show-this";
  const { listed, of } = await listWith({ ...SECRETS, ZIPKIN_URL: collector, OTLP_URL: collector });
  for (const name of Object.keys(SECRETS))
    expect(of(name)).toMatchObject({ value: null, configured: null, isSet: true });
  for (const name of ["ZIPKIN_URL", "OTLP_URL"])
    expect(of(name)).toMatchObject({ value: "https://collector.test/api/v2/spans" });
  expect(JSON.stringify(listed)).not.toMatch(/never-show-this|1{64}/);
  const without = await listWith({});
  expect(without.of("METRICS_TOKEN")).toMatchObject({ value: null, isSet: false });
});
