import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type HttpApi, openHttpApi } from "../tests/fixtures/http-api.ts";
import { signedEvent } from "../tests/fixtures/signed-events.ts";

const ID = "ab".repeat(32);

let api: HttpApi;
beforeEach(async () => {
  api = openHttpApi({ MAX_LIMIT: "1", DEFAULT_LIMIT: "1" });
  await api.store.commit([
    signedEvent({ content: "one, two" }),
    signedEvent({ content: "two", tags: [["t", "a,b"]] }),
    signedEvent({ kind: 7, tags: [["e", ID]] }),
    signedEvent({ kind: 1059, tags: [["p", ID]] }),
    signedEvent({ tags: [["expiration", "1700000000"]] }),
  ]);
});
afterEach(() => api.close());

async function count(parameters: string): Promise<unknown> {
  const response = await api.request(`/api/v1/events/count?${parameters}`);
  return [response.status, await response.json()];
}

describe("[33] GET /api/v1/events/count", () => {
  it.each([
    ["", 3],
    ["kinds=1,7", 3],
    ["kinds=1", 2],
    ["keyword=two&kinds=1", 2],
    [String.raw`tag.t=a\,b`, 1],
    [`tag.p=${ID}`, 0],
    ["kinds=1,1059", 2],
    ["until=1", 0],
  ])("%s counts what anybody may see, whatever the limits", async (parameters, expected) => {
    expect(await count(parameters)).toEqual([200, { count: expected }]);
  });

  it("of private kinds alone is refused as a COUNT is", async () => {
    expect(await count("kinds=1059")).toMatchObject([401, { error: { code: "auth-required" } }]);
  });

  it("[34] has the HyperLogLog of a canonical filter, but not with a keyword", async () => {
    const hll = expect.stringMatching(/^[0-9a-f]{512}$/);
    expect(await count(`kinds=7&tag.e=${ID}`)).toEqual([200, { count: 1, hll }]);
    expect(await count(`kinds=7&tag.e=${ID}&keyword=x`)).toEqual([200, { count: 0 }]);
  });

  it.each(["limit=1", "order=asc", "cursor=1.x", "kinds=x", "nonsense=1"])("%s: 400", async (parameters) => {
    const [name] = parameters.split("=");
    expect(await count(parameters)).toEqual([
      400,
      { error: expect.objectContaining({ code: "invalid", message: expect.stringContaining(name ?? "") }) },
    ]);
  });

  it("503 when the database does not answer, and not 0", async () => {
    api.close();
    expect(await count("")).toMatchObject([503, { error: { code: "unavailable" } }]);
    api = openHttpApi();
  });
});
