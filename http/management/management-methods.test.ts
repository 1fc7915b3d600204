import { expect, it, onTestFinished } from "vitest";
import { METHODS, type ParamName } from "../../nostr/management.ts";
import { createDeadLetters } from "../../store/letters/dead-letters.ts";
import { PUBKEY } from "../../tests/fixtures/author.ts";
import { openHttpApi } from "../../tests/fixtures/http-api.ts";
import { manage } from "../../tests/fixtures/management.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";

const ANN = "a".repeat(64);

it("[38] supportedmethods has every one, and each of them is answered", async () => {
  const db = migratedSqlite();
  const api = openHttpApi({ RELAY_ADMINS: PUBKEY }, db);
  onTestFinished(() => api.close());
  const methods = (await manage(api, "supportedmethods")).result as string[];
  expect(methods).toEqual(Object.keys(METHODS));
  const values: Partial<Record<ParamName, unknown>> = { pubkey: ANN, event: ANN, kind: 1, ip: "192.0.2.1" };
  Object.assign(values, { role: "r", name: "n", description: "d", icon: "", access: "open" });
  Object.assign(values, { upstream: "wss://upstream.test", since: 5, letters: "all" });
  for (const method of methods) {
    // Creates the role again, because `deleterole` may have deleted it.
    await manage(api, "createrole", "r");
    if (method === "createrole") await manage(api, "deleterole", "r");
    // The upstream too, which `removeupstream` deletes.
    await manage(api, method === "addupstream" ? "removeupstream" : "addupstream", "wss://upstream.test");
    // `purgedeadletters` removes dead letters.
    await createDeadLetters(db).add([{ upstream: "", reason: "", event: null, attempts: 1 }], 0);
    const { letters } = await api.moderation.letters({ limit: 1, upstream: null, after: null });
    values.letter = letters[0]?.id;
    const given = METHODS[method as keyof typeof METHODS].params.map((name) => values[name]);
    expect([method, await manage(api, method, ...given)]).toMatchObject([
      method,
      { status: 200, result: expect.anything() },
    ]);
  }
});
