/** Attacks over HTTP: expensive requests, malformed ones, and floods of cheap ones. */
import { gzipSync } from "node:zlib";
import { type Attack, every, type Http, list, many } from "./attackers.ts";
import { badlySigned, randomId, signed } from "./events.ts";
import { ABSENT_KIND, COMMON_WORDS, RARE_WORD } from "./scene.ts";

const EVENTS = "/api/v1/events";
const READ = ["HTTP 200"];
let made = 0;

export const HTTP_ATTACKS: Attack[] = [
  requests("scans for a rare word", READ, () => `${EVENTS}?keyword=${RARE_WORD}`),
  requests("scans for a word that is not there", READ, () => `${EVENTS}?keyword=absent${(made += 1)}`),
  requests("searches of common words and an absent kind", READ, () => {
    return `${EVENTS}?search=${COMMON_WORDS.slice(0, 10).join("+")}&kinds=${ABSENT_KIND}`;
  }),
  requests("a common tag and an absent kind", READ, () => `${EVENTS}?tag.t=common&kinds=${ABSENT_KIND}`),
  requests("the largest pages", READ, () => `${EVENTS}?limit=1000`),
  requests("the oldest pages", READ, () => `${EVENTS}?order=asc&limit=1000`),
  requests("pages of large events", READ, () => `${EVENTS}?kinds=1111&limit=1000`),
  requests("counts of everything", READ, () => `${EVENTS}/count`),
  // A count takes more than the allowance of its network, so it may not end meanwhile.
  requests(
    "counts of scans",
    [...READ, "HTTP 429"],
    () => `${EVENTS}/count?keyword=${RARE_WORD}${(made += 1)}`,
  ),
  requests("200 ids in each request", READ, () => `${EVENTS}?ids=${list(200, randomId).join(",")}`),
  requests("single events that are not there", ["HTTP 404"], () => `${EVENTS}/${randomId()}`),
  requests("addresses that are not there", ["HTTP 404"], () => `/nothing/${(made += 1)}`),
  requests("addresses of 12 kB", ["HTTP 404", "HTTP 414"], () => `/${"x".repeat(12_000)}`),
  requests("metrics", ["HTTP 200", "HTTP 401", "HTTP 403", "HTTP 404"], () => "/metrics"),
  requests("the OpenAPI document", READ, () => "/api/v1/openapi.json"),
  requests("the page for people", READ, () => "/"),
  requests("health", READ, () => "/health"),
  requests(
    "the relay information document",
    READ,
    () => "/",
    () => ({
      headers: { accept: "application/nostr+json" },
    }),
  ),
  requests(
    "preflight requests",
    ["HTTP 204", "HTTP 200"],
    () => EVENTS,
    () => ({
      method: "OPTIONS",
      headers: { origin: "https://elsewhere.example", "access-control-request-method": "POST" },
    }),
  ),
  posts("events published over HTTP", ["HTTP 201"], () =>
    JSON.stringify(signed({ content: `${(made += 1)}` })),
  ),
  posts("bad signatures over HTTP", ["HTTP 400"], () => JSON.stringify(badlySigned())),
  posts("bodies of 10 MB", ["HTTP 413", "HTTP error"], () => TEN_MEGABYTES),
  posts("bodies of JSON 250,000 deep", ["HTTP 400"], () => "[".repeat(250_000)),
  posts("bodies that are gzip'd", ["HTTP 400", "HTTP 413", "HTTP 415"], () => ZIPPED, {
    "content-encoding": "gzip",
  }),
  {
    name: "bodies that never end",
    answered: [],
    async run(attackers) {
      const sockets = await many(50, () => attackers.dial());
      sockets.forEach((socket, at) => {
        socket.on("data", () => undefined);
        socket.write(
          `POST ${EVENTS} HTTP/1.1\r\nHost: localhost\r\n${attackers.headerLines(at)}` +
            "Transfer-Encoding: chunked\r\n\r\n",
        );
      });
      every(50, () => {
        for (const socket of sockets)
          if (socket.writable && socket.writableLength < 100_000)
            socket.write(`1000\r\n${"x".repeat(4096)}\r\n`);
      });
    },
  },
  {
    name: "management calls with bad signatures",
    answered: ["HTTP 401", "HTTP 403"],
    run: (attackers) =>
      attackers.askOverHttp(4, (at) => {
        const tags = [
          ["u", `http://localhost:${attackers.port}/`],
          ["method", "POST"],
        ];
        const token = Buffer.from(JSON.stringify(badlySigned({ kind: 27_235, tags }))).toString("base64");
        const headers = { authorization: `Nostr ${token}`, "content-type": "application/nostr+json+rpc" };
        return attackers.http(at, "/", { method: "POST", headers, body: '{"method":"stats","params":[]}' });
      }),
  },
  {
    name: "malformed requests",
    answered: ["closed"],
    run(attackers) {
      const said = [
        "\0\0\0\0",
        "GET",
        "GET / HTTP/9.9\r\n\r\n",
        `GET / HTTP/1.1\r\n${"a".repeat(70_000)}\r\n\r\n`,
      ];
      every(20, () => {
        for (const bytes of said) {
          void attackers.dial().then((socket) => {
            socket.resume();
            socket.end(bytes);
          });
        }
      });
    },
  },
  {
    name: "100 requests at a time on one socket",
    answered: ["HTTP 404"],
    run(attackers) {
      const line = (at: number) =>
        `GET /nothing HTTP/1.1\r\nHost: localhost\r\n${attackers.headerLines(at)}\r\n`;
      every(200, () => {
        for (let at = 0; at < 5; at += 1) {
          void attackers.dial().then((socket) => {
            socket.on("data", (data) => attackers.count(`HTTP ${data.toString("latin1", 9, 12)}`));
            socket.write(line(at).repeat(100));
            setTimeout(() => socket.destroy(), 1000);
          });
        }
      });
    },
  },
];

const TEN_MEGABYTES = "x".repeat(10_000_000);
/** Ten kilobytes that unzip to ten megabytes. */
const ZIPPED = gzipSync(TEN_MEGABYTES);

/** An attack with four requests in flight from each of five addresses. */
function requests(name: string, answered: string[], path: () => string, options = (): Http => ({})): Attack {
  return {
    name: `HTTP: ${name}`,
    answered,
    run: (attackers) => attackers.askOverHttp(4, (at) => attackers.http(at, path(), options())),
  };
}

function posts(
  name: string,
  answered: string[],
  body: () => string | Buffer,
  headers: Record<string, string> = {},
): Attack {
  return {
    name,
    answered,
    run: (attackers) =>
      attackers.askOverHttp(4, (at) => attackers.http(at, EVENTS, { method: "POST", headers, body: body() })),
  };
}
