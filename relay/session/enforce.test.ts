/** Work on many sessions or many signatures runs in slices, and others are served between them. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { connect, openRelay, type Relay } from "../../tests/fixtures/hubs.ts";
import { ALICE, authEvent } from "../../tests/fixtures/people.ts";

let relay: Relay;
beforeEach(() => {
  relay = openRelay();
});
afterEach(() => relay.close());

/** Returns a pause that lasts until the test ends it. */
function heldPause() {
  const ends: (() => void)[] = [];
  return {
    ends,
    pause: () => new Promise<void>((end) => void ends.push(end)),
    endAll: () => ends.splice(0).forEach((end) => end()),
  };
}

async function settled(): Promise<void> {
  await new Promise((later) => setTimeout(later, 5));
}

it("[38] a change of the operators is enforced in slices, and on every connection in the end", async () => {
  relay.close();
  relay = openRelay({ READ_ACCESS: "auth" });
  const held = heldPause();
  const hub = relay.hub("a", { pause: held.pause });
  await hub.reloadModeration();
  const clients = Array.from({ length: 1200 }, () => connect(hub, { isChallenged: false }));
  const change = { do: "add", list: "blocked-ip", subject: "203.0.113.9", reason: "" } as const;
  await relay.moderation.change([change], {
    at: 1,
    pubkey: ALICE,
    method: "m",
    params: [],
    outcome: "done",
  });
  const challenged = () => clients.filter(({ frames }) => frames.length > 0).length;
  const enforced = hub.reloadModeration();
  const counts: number[] = [];
  while (challenged() < 1200 || held.ends.length > 0) {
    counts.push(challenged());
    held.endAll();
    await settled();
  }
  await enforced;
  expect([...new Set(counts)].filter((count) => count > 0 && count < 1200)).toEqual([500, 1000]);
  expect(challenged()).toBe(1200);
});

it("[15] signatures of AUTHs are checked in slices, and what is behind an AUTH sees its effect", async () => {
  const held = heldPause();
  let checks = 0;
  const verify = () => {
    checks += 1;
    return true;
  };
  const hub = relay.hub("a", { pause: held.pause, verify });
  const others = Array.from({ length: 200 }, (_, n) => connect(hub, { ip: `203.0.113.${n}` }));
  const client = connect(hub);
  const auth = authEvent(ALICE);
  const said = others.map((other) => other.say("AUTH", auth));
  said.push(client.say("AUTH", auth), client.say("REQ", "s", { kinds: [4] }));
  said.push(
    client.say("AUTH", authEvent(ALICE, { created_at: 5 })),
    client.say("COUNT", "c", { kinds: [4] }),
  );
  await settled();
  // A slice has 12,000 units, and a check costs 65.
  expect(checks).toBe(185);
  expect(client.frames.filter(([verb]) => verb !== "AUTH")).toEqual([]);
  const answers = () => client.frames.filter(([verb]) => verb !== "AUTH");
  while (answers().length < 4) {
    held.endAll();
    await settled();
  }
  await Promise.all(said);
  expect(checks).toBe(201);
  expect(answers()[0]).toEqual(["OK", auth.id, true, ""]);
  expect(
    answers()
      .map(([verb]) => verb)
      .toSorted(),
  ).toEqual(["COUNT", "EOSE", "OK", "OK"]);
});
