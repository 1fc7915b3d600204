import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { RUNTIMES, freshFolder, lines, runCli } from "../fixtures/cli.ts";
import type { ProgramOptions } from "../fixtures/program.ts";
import { npubEncode } from "nostr-tools/nip19";
import type { Event } from "../../nostr/event.ts";
import { PUBKEY, SECRET, SECRET_HEX, signed } from "../fixtures/author.ts";
import { startScriptedRelay } from "../fixtures/scripted-relay.ts";

const folder = freshFolder();

describe.each(RUNTIMES)("events on %s", (runtime) => {
  const run = (args: string[], options: Partial<ProgramOptions> = {}) =>
    runCli(runtime, args, { cwd: folder.path, ...options });

  it("20 newest, unless told otherwise", async () => {
    await using relay = await startScriptedRelay();
    const events = Array.from({ length: 25 }, (_, n) =>
      signed(`note ${n}`, { created_at: 1_700_000_000 + n }),
    );
    await relay.api.store.commit(events);
    const contents = async (...args: string[]) => {
      const { code, stdout, stderr } = await run(["events", "--json", "--relay", relay.url, ...args]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return lines(stdout).map((line) => (JSON.parse(line) as Event).content);
    };
    const all = events.map(({ content }) => content);
    expect(await contents()).toEqual(all.toReversed().slice(0, 20));
    expect(await contents("--amount", "3", "--orderBy", "asc")).toEqual(all.slice(0, 3));
    expect(await contents("--amount", "100", "--orderBy", "desc")).toEqual(all.toReversed());
    expect(await contents("--keyword", "te 24")).toEqual(["note 24"]);
    expect(await contents("--keyword", "absent")).toEqual([]);
    const { stdout } = await run(["events", "--amount", "1", "--relay", relay.url.replace("ws", "http")]);
    expect(lines(stdout).at(-1)).toBe("  note 24");
  });

  it("with --auth, prints what the key may read", async () => {
    await using relay = await startScriptedRelay();
    const wrap = signed("", { kind: 1059, tags: [["p", PUBKEY]] });
    await relay.api.store.commit([wrap]);
    const args = ["events", "--json", "--kinds", "1059", "--relay", relay.url];
    const { code, stderr } = await run(args);
    expect([code, stderr]).toEqual([1, expect.stringContaining("the relay answered 401")]);
    const env = { NOSTR_SECRET_KEY: Buffer.from(SECRET).toString("hex") };
    const { stdout } = await run([...args, "--auth"], { env });
    expect(lines(stdout).map((line) => (JSON.parse(line) as Event).id)).toEqual([wrap.id]);
  });

  it("has every condition that the API has", async () => {
    await using relay = await startScriptedRelay();
    const asked: URLSearchParams[] = [];
    relay.answer = (request, response) => {
      asked.push(new URL(request.url ?? "", "http://relay.test").searchParams);
      response.end('{"events":[],"cursor":null}');
    };
    const events = async (...args: string[]) => {
      expect((await run(["events", ...args, "--relay", relay.url])).code).toBe(0);
      return Object.fromEntries(asked.pop() ?? []);
    };
    const author = "ab".repeat(32);
    expect(
      await events(
        "--kinds",
        "1,6",
        "--kind",
        "7",
        "--authors",
        npubEncode(author),
        "--ids",
        author,
        "--since",
        "5",
        "--until",
        "9",
        "--order",
        "asc",
        "--limit",
        "3",
        "--tag",
        String.raw`t=a,b\,c`,
        "--tag",
        `p=${npubEncode(author)}`,
      ),
    ).toEqual({
      kinds: "1,6,7",
      authors: author,
      ids: author,
      since: "5",
      until: "9",
      order: "asc",
      limit: "3",
      "tag.t": String.raw`a,b\,c`,
      "tag.p": author,
    });
    expect(await events("--search", "a b")).toEqual({ search: "a b", limit: "20" });
  });

  it("reads on from page to page until there are enough", async () => {
    const pool = Array.from({ length: 6 }, (_, n) => signed(`note ${n}`));
    await using relay = await startScriptedRelay();
    const asked: string[] = [];
    relay.answer = (request, response) => {
      const { searchParams } = new URL(request.url ?? "", "http://relay.test");
      asked.push(`${searchParams.get("limit")} ${searchParams.get("cursor")}`);
      const from = Number(searchParams.get("cursor") ?? 0);
      response.end(
        JSON.stringify({ events: pool.slice(from, from + 2), cursor: from < 4 ? String(from + 2) : null }),
      );
    };
    const { code, stdout } = await run(["events", "--json", "--amount", "5", "--relay", relay.url]);
    expect(code).toBe(0);
    expect(lines(stdout).map((line) => (JSON.parse(line) as Event).id)).toEqual(
      pool.slice(0, 5).map(({ id }) => id),
    );
    expect(asked).toEqual(["5 null", "3 2", "1 4"]);
  });

  it("goes on after a page without events, which a bounded read may end with", async () => {
    await using relay = await startScriptedRelay();
    const event = signed("rare");
    relay.answer = (request, response) => {
      const cursor = new URL(request.url ?? "", "http://relay.test").searchParams.get("cursor");
      const page =
        cursor === "2" ? { events: [event], cursor: null } : { events: [], cursor: cursor ? "2" : "1" };
      response.end(JSON.stringify(page));
    };
    const { code, stdout, stderr } = await run([
      "events",
      "--json",
      "--keyword",
      "rare",
      "--relay",
      relay.url,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(lines(stdout).map((line) => (JSON.parse(line) as Event).id)).toEqual([event.id]);
  });

  it.each([["events"], ["export", "--admin"]])(
    "%s reads a bounded part of a small answer that unpacks to a large one",
    async (...command) => {
      await using relay = await startScriptedRelay();
      const bomb = gzipSync(Buffer.alloc(150_000_000));
      relay.answer = (_request, response) =>
        response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
      const { code, stdout, stderr } = await run([...command, "--relay", relay.url], {
        env: { NOSTR_SECRET_KEY: SECRET_HEX },
      });
      expect({ code, stdout, stderr }).toEqual({
        code: 1,
        stdout: "",
        stderr: `${relay.url} sent more than 100 MB in one answer\n`,
      });
    },
  );

  it.each([
    [400, '{"error":{"code":"invalid","message":"not \\u001b[31mso"}}', "the relay answered 400: not so"],
    [500, "{}", "the relay answered 500: it gave no reason"],
    [200, "<html>", "without JSON"],
    [200, "null", "is not a page of events"],
    [200, '{"events":[],"cursor":7}', "is not a page of events"],
    [200, '{"events":[],"cursor":"for ever"}', "the same cursor again"],
  ])("%i %s is a failure", async (status, body, says) => {
    await using relay = await startScriptedRelay();
    relay.answer = (_request, response) => response.writeHead(status).end(body);
    const { code, stdout, stderr } = await run(["events", "--relay", relay.url]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(lines(stderr)).toEqual([expect.stringContaining(says)]);
  });
});
