import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createEventTraces } from "../../store/watch/event-traces.ts";
import { PUBKEY } from "../../tests/fixtures/author.ts";
import { openHttpApi } from "../../tests/fixtures/http-api.ts";
import { manage } from "../../tests/fixtures/management.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";

const [EVENT, OTHER] = ["1".repeat(64), "2".repeat(64)];
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

describe("gettrace", () => {
  let db: ReturnType<typeof migratedSqlite>;
  beforeEach(async () => {
    db = migratedSqlite();
    await createEventTraces(db).remember([{ id: EVENT, trace: TRACE }]);
  });
  afterEach(() => db.close());

  const ask = (settings: Record<string, string>, event = EVENT) =>
    manage(openHttpApi({ RELAY_ADMINS: PUBKEY, ...settings }, db), "gettrace", event);

  it.each([
    ["", "", null],
    ["http://localhost:9411/api/v2/spans", "", `http://localhost:9411/zipkin/traces/${TRACE}`],
    ["http://zipkin.test/zipkin/api/v2/spans", "", `http://zipkin.test/zipkin/traces/${TRACE}`],
    ["http://zipkin.test/trace/api/v2/spans/", "", `http://zipkin.test/trace/zipkin/traces/${TRACE}`],
    [
      "https://me:secret@zipkin.test/api/v2/spans?key=secret",
      "",
      `https://zipkin.test/zipkin/traces/${TRACE}`,
    ],
    ["https://collector.test/spans", "", null],
    [
      "http://localhost:9411/api/v2/spans",
      "https://ui.test/t/{trace}?x={trace}",
      `https://ui.test/t/${TRACE}?x=${TRACE}`,
    ],
  ])("with ZIPKIN_URL=%s and TRACE_URL=%s has the page %s", async (ZIPKIN_URL, TRACE_URL, url) => {
    expect(await ask({ ZIPKIN_URL, TRACE_URL })).toEqual({ status: 200, result: { trace: TRACE, url } });
  });

  it("has none for an event whose trace is not known", async () => {
    expect(await ask({}, OTHER)).toEqual({ status: 200, result: { trace: null, url: null } });
  });

  it("is for admins alone", async () => {
    const api = openHttpApi({ RELAY_ADMINS: "f".repeat(64) }, db);
    expect(await manage(api, "gettrace", EVENT)).toMatchObject({ status: 403 });
  });
});
