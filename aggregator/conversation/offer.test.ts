import { beforeEach, expect, it } from "vitest";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { type Line, openLine, settle } from "../../tests/fixtures/upstream-line.ts";

const event = signedEvent();
const other = signedEvent({ content: "other" });

let line: Line;
beforeEach(() => {
  line = openLine();
});

it("an EVENT is answered by its own OK", async () => {
  const answer = line.upstream.offer(event);
  expect(line.sent).toEqual([["EVENT", event]]);
  line.say("OK", other.id, false, "blocked: no");
  line.say("NOTICE", "hello");
  line.say("OK", event.id, true, "");
  expect(await answer).toEqual({ ending: { how: "accepted", isKnown: false } });
});

it.each<[unknown[], object]>([
  [[true, ""], { how: "accepted", isKnown: false }],
  [[true], { how: "accepted", isKnown: false }],
  [[true, "duplicate: have it"], { how: "accepted", isKnown: true }],
  [[false, "duplicate: have it"], { how: "accepted", isKnown: true }],
  [[false, "blocked: no"], { how: "closed", reason: "blocked: no" }],
  [[false, "x".repeat(500)], { how: "closed", reason: "x".repeat(200) }],
  [[false], { how: "closed", reason: "" }],
  [["true", 7], { how: "closed", reason: "" }],
])("OK with %j is %j", async (fields, ending) => {
  const answer = line.upstream.offer(event);
  line.say("OK", event.id, ...fields);
  expect(await answer).toEqual({ ending });
});

it("silence and a lost connection are answers too", async () => {
  const silent = line.upstream.offer(event);
  await line.pass(16);
  expect(await silent).toEqual({ ending: { how: expect.stringMatching(/^(?:silence|cut)$/) } });
  const lost = line.upstream.offer(event);
  line.end("1006");
  expect(await lost).toEqual({ ending: { how: "disconnected", reason: "1006" } });
  expect(await line.upstream.offer(event)).toMatchObject({ ending: { how: "disconnected" } });
});

it("[42] an EVENT that needs authentication is sent again after it", async () => {
  const proof = signedEvent({ kind: 22_242 });
  line.sign = () => proof;
  line.say("AUTH", "word");
  const answer = line.upstream.offer(event);
  line.say("OK", event.id, false, "auth-required: who are you?");
  await settle();
  expect(line.sent.at(-1)).toEqual(["AUTH", proof]);
  line.say("OK", proof.id, true, "");
  await settle();
  expect(line.sent.at(-1)).toEqual(["EVENT", event]);
  line.say("OK", event.id, true, "");
  expect(await answer).toEqual({ ending: { how: "accepted", isKnown: false } });
});
