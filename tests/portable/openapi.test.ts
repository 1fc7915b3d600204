/** The API accepts what the OpenAPI document allows. Parameters are generated from the document, and none gets a 400. */
import * as fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { signed } from "../fixtures/author.ts";
import type { OpenApiDocument, Parameter, Schema } from "../../http/openapi/openapi-types.ts";
import { openHttpApi } from "../fixtures/http-api.ts";
import { matchesText } from "../fixtures/json-schema.ts";

const RUNS = Number(process.env["RUNS"] ?? 300);
const api = openHttpApi({ RATE_LIMIT: "off" });
afterAll(() => api.close());

const { paths } = (await (await api.request("/api/v1/openapi.json")).json()) as OpenApiDocument;
const reads = Object.entries(paths)
  .filter(([, operations]) => operations["get"])
  .map(([path, operations]): [string, Parameter[]] => [
    path,
    (operations["get"]?.parameters ?? []).filter((parameter) => parameter.in !== "header"),
  ]);

it.each(reads)("GET %s takes what the document allows", async (path, parameters) => {
  await api.store.commit([signed("one"), signed("two", { kind: 7 })]);
  await fc.assert(
    fc.asyncProperty(requestOf(path, parameters), async (request) => {
      const { status } = await api.request(request);
      expect([status, request]).toEqual([expect.toSatisfy((code: number) => code !== 400), request]);
    }),
    { numRuns: parameters.length === 0 ? 1 : RUNS },
  );
});

it.each(["cursor=", "tag.e=", "tag.p=", "ids=", "authors=", "kinds=", "limit=-1", "keyword=", "order="])(
  "the document does not allow %s, which is refused",
  async (query) => {
    expect((await api.request(`/api/v1/events?${query}`)).status).toBe(400);
    const [name = "", value = ""] = query.split("=");
    const parameters = paths["/api/v1/events"]?.["get"]?.parameters ?? [];
    const schema = parameters.find((parameter) => parameter.name === name)?.schema ?? {};
    expect(allows(schema, value)).toBe(false);
  },
);

/** Generates a request with some of the parameters, each with a value that its schema allows. */
function requestOf(path: string, parameters: Parameter[]): fc.Arbitrary<string> {
  const values = parameters.map((parameter) => {
    const value = valueOf(parameter.schema).map(encodeURIComponent);
    return parameter.in === "path" ? value : fc.option(value, { nil: undefined });
  });
  return fc.tuple(...values).map((given) => {
    let filled = path;
    const query: string[] = [];
    for (const [at, { name, in: place }] of parameters.entries()) {
      const value = given[at];
      if (value === undefined) continue;
      if (place === "path") filled = filled.replace(`{${name}}`, value);
      else query.push(`${name}=${value}`);
    }
    return `${filled}?${query.join("&")}`;
  });
}

function valueOf(schema: Schema): fc.Arbitrary<string> {
  const { type, minLength = 0, maxLength = 300 } = schema;
  if (schema.enum) return fc.constantFrom(...schema.enum.map(String));
  if (type === "integer") {
    const { minimum, maximum } = schema;
    // Clients in other languages may send any integer if there is no bound.
    return fc.bigInt({ min: BigInt(minimum ?? -(2n ** 70n)), max: BigInt(maximum ?? 2n ** 70n) }).map(String);
  }
  if (type === "array") {
    const item = valueOf(schema.items ?? {});
    return fc.array(item, { minLength: schema.minItems ?? 0, maxLength: 4 }).map((items) => items.join(","));
  }
  if (schema.pattern !== undefined)
    return fc.stringMatching(new RegExp(schema.pattern)).filter((text) => allows(schema, text));
  return fc.string({ minLength, maxLength, unit: "binary" }).filter((text) => text.isWellFormed());
}

function allows(schema: Schema, text: string): boolean {
  if (schema.enum) return schema.enum.includes(text);
  if (schema.type === "integer") return /^-?\d+$/.test(text) && Number(text) >= (schema.minimum ?? -Infinity);
  // Style "form" writes an empty list as an empty text.
  if (schema.type === "array") {
    if (text === "" && (schema.minItems ?? 0) === 0) return true;
    return text.split(",").every((item) => allows(schema.items ?? {}, item));
  }
  return matchesText(text, schema);
}
