/** `npm run analytics` against a pretended SQL API. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { sparkline } from "../../scripts/analytics/drawing.ts";
import { PANELS } from "../../scripts/analytics/panels.ts";
import { ROOT, startProgram } from "../fixtures/program.ts";

const HOUR = 3600;
let asked: { url: string | undefined; authorization: string | undefined; sql: string }[];
let answer: { status: number; body: string };
let server: ReturnType<typeof createServer>;

async function hear(request: IncomingMessage): Promise<void> {
  const { authorization } = request.headers;
  asked.push({ url: request.url, authorization, sql: await text(request) });
}

beforeEach(async () => {
  asked = [];
  const [now, hour] = [Math.floor(Date.now() / 1000), HOUR];
  const last = now - (now % hour);
  // Numbers of 64 bits are text, as ClickHouse writes them.
  const data = [
    { t: String(last - hour), label: "http", value: 4 },
    { t: String(last), label: "http", value: "1200" },
    { t: String(last), label: "\u001b[31mqueue", value: 3 },
  ];
  const meta = [{ name: "t", type: "UInt64" }];
  answer = {
    status: 200,
    body: JSON.stringify({ meta, data, rows: data.length, rows_before_limit_at_least: 3 }),
  };
  server = createServer((request, response) => {
    void hear(request).then(() => response.writeHead(answer.status).end(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => server.close());

function run(args: string[] = [], env: Record<string, string> = {}) {
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const account = { CLOUDFLARE_ACCOUNT_ID: "abc", CLOUDFLARE_API_TOKEN: "secret-token" };
  return startProgram(`${ROOT}node_modules/.bin/node`, [`${ROOT}scripts/analytics.ts`, ...args], {
    cwd: ROOT,
    env: { CLOUDFLARE_API_BASE_URL: api, ...account, ...env },
  }).ended;
}

it("draws each panel of the last day, and lets no label steer the terminal", async () => {
  const { code, stdout, stderr } = await run();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(asked).toHaveLength(PANELS.length);
  for (const { url, authorization, sql } of asked) {
    expect([url, authorization]).toEqual(["/accounts/abc/analytics_engine/sql", "Bearer secret-token"]);
    expect(sql).not.toContain("$");
    expect(sql).toContain("intDiv(toUInt32(timestamp), 3600) * 3600 AS t");
  }
  for (const { title } of PANELS) expect(stdout).toContain(`${title}\n`);
  expect(stdout).toMatch(/^ {2}http {3}·{22}▁█ {2}1,204$/m);
  expect(stdout).toMatch(/^ {2}queue {2}·{23}█ {2}3$/m);
  expect(stdout).not.toContain("\u001b");
});

type Ending = [code: number, says: RegExp];

it.each<[string, string[], Record<string, string>, Ending]>([
  ["--help", ["--help"], {}, [0, /^Usage: npm run analytics/]],
  ["an unknown option", ["--day"], {}, [2, /there is no option --day/]],
  ["no account", [], { CLOUDFLARE_ACCOUNT_ID: "" }, [2, /set CLOUDFLARE_ACCOUNT_ID/]],
  ["no token", [], { CLOUDFLARE_API_TOKEN: "" }, [2, /Account Analytics: Read/]],
  [
    "no connection",
    [],
    { CLOUDFLARE_API_BASE_URL: "http://127.0.0.1:1" },
    [1, /cannot reach Cloudflare's API/],
  ],
])("%s", async (_, args, env, [code, says]) => {
  const ended = await run(args, env);
  expect(ended.code).toBe(code);
  expect(ended.stdout + ended.stderr).toMatch(says);
  expect(ended.stdout + ended.stderr).not.toContain("secret-token");
});

it.each([
  [403, "Authentication error", /answered 403: Authentication error/],
  [200, "not JSON", /something that is not JSON: not JSON/],
  [200, '{"data":7}', /not a table/],
  [200, '{"data":[{"t":"x","label":"a","value":1}]}', /a row that is not a number/],
])("an answer %i %s is an error, not an empty panel", async (status, body, says) => {
  answer = { status, body };
  const { code, stderr } = await run();
  expect(code).toBe(1);
  expect(stderr).toMatch(says);
});

it("a bar is high as its value is, and nothing is a point", () => {
  expect(sparkline([undefined, 0, 1, 4, 8])).toBe("··▂▅█");
  expect(sparkline([])).toBe("");
});
