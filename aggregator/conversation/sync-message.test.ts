import { beforeEach, describe, expect, it } from "vitest";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { type Line, openLine } from "../../tests/fixtures/upstream-line.ts";
import type { SyncAnswer } from "./sync-message.ts";

let line: Line;
beforeEach(() => {
  line = openLine();
});

const id = "a".repeat(64);

describe("[77] a reconciliation", () => {
  it("is a NEG-OPEN, then NEG-MSG, then NEG-CLOSE", async () => {
    const sync = line.upstream.sync({ kinds: [1] });
    const first = sync.send("6100");
    line.say("EVENT", "sync-1", signedEvent());
    line.say("NEG-MSG", "sync-0", "aa");
    line.say("NEG-MSG", "sync-1", "bb");
    expect(await first).toEqual({ ending: { how: "message", message: "bb" } });
    const second = sync.send("cc");
    line.say("NEG-MSG", "sync-1", "dd");
    expect(await second).toEqual({ ending: { how: "message", message: "dd" } });
    sync.close();
    sync.close();
    expect(line.sent).toEqual([
      ["NEG-OPEN", "sync-1", { kinds: [1] }, "6100"],
      ["NEG-MSG", "sync-1", "cc"],
      ["NEG-CLOSE", "sync-1"],
    ]);
  });

  it("leaves room for questions between its messages", async () => {
    const sync = line.upstream.sync({});
    const first = sync.send("61");
    line.say("NEG-MSG", "sync-1", "bb");
    await first;
    const answer = line.upstream.ask({ ids: [id], limit: 1 });
    line.say("EVENT", "pull-2", { id, created_at: 5 });
    line.say("EOSE", "pull-2");
    expect((await answer).events).toHaveLength(1);
    const next = sync.send("cc");
    expect(line.sent.at(-1)).toEqual(["NEG-MSG", "sync-1", "cc"]);
    line.end("gone");
    expect(await next).toEqual({ ending: { how: "disconnected", reason: "gone" } });
  });

  it.each<[what: string, happen: () => Promise<void> | void, ending: SyncAnswer["ending"]]>([
    [
      "refused with a bound",
      () => line.say("NEG-ERR", "sync-1", "blocked: too many", 500),
      { how: "closed", reason: "blocked: too many", most: 500 },
    ],
    [
      "refused like a request",
      () => line.say("CLOSED", "sync-1", "error: no"),
      { how: "closed", reason: "error: no" },
    ],
    [
      "answered with a NOTICE",
      async () => {
        line.say("NOTICE", "unknown command NEG-OPEN");
        await line.pass(5);
      },
      { how: "unsupported", notice: "unknown command NEG-OPEN" },
    ],
    ["not answered", () => line.pass(15), { how: "silence" }],
  ])("that is %s ends, and is not closed again", async (_, happen, ending) => {
    const sync = line.upstream.sync({});
    const answer = sync.send("61");
    await happen();
    expect(await answer).toEqual({ ending });
    const sent = line.sent.length;
    if (ending.how === "closed") sync.close();
    expect(line.sent).toHaveLength(sent);
  });
});
