/** Serves the OpenAPI document. It changes only with the relay's version and address. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Hono } from "hono";
import type { AppEnv } from "../app-env.ts";
import { ASK_EACH_TIME, hasAlready } from "../caching.ts";
import { openApiDocument } from "./openapi.ts";

export function addOpenApi(app: Hono<AppEnv>): void {
  let last: { version: string; url: string; text: string; tag: string } | undefined;
  app.get("/api/v1/openapi.json", (c) => {
    const { version, config } = c.env;
    const url = config.RELAY_URL.replace(/^ws/, "http") || "/";
    if (last?.version !== version || last.url !== url) {
      const text = JSON.stringify(openApiDocument(version, url));
      last = { version, url, text, tag: `"${bytesToHex(sha256(utf8ToBytes(text)).slice(0, 16))}"` };
    }
    c.header("etag", last.tag);
    c.header("cache-control", ASK_EACH_TIME);
    if (hasAlready(c, last.tag)) return c.body(null, 304);
    return c.body(last.text, 200, { "content-type": "application/json; charset=UTF-8" });
  });
}
