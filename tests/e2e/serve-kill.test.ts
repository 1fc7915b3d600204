/** Kills `npm run serve` again and again while clients write, and checks the disk each time. */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ROOT, startProgram } from "../fixtures/program.ts";
import { relayProgram } from "../fixtures/relay-program.ts";
import { seeded } from "../reference/generators.ts";
import { openServerDisk, problemsOf } from "./kill-checks.ts";
import { newLedger, now, writeUntilItDies } from "./kill-writers.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, kill, temporaryFolder } from "./programs.ts";

const KILLS = Number(process.env["KILLS"] ?? 3);
const SEED = Number(process.env["SEED"] ?? 1);
/** The kill comes soon after this many acknowledged events, at most. */
const MOST_ACKNOWLEDGED = 500;

test.each((process.env["SERVED_BY"] ?? "node bun deno").split(" "))(
  `killed ${KILLS} times under writers of every kind, the server on %s has lost nothing`,
  { timeout: 60_000 + KILLS * 30_000, retry: 0 },
  async (runtime) => {
    const random = seeded(SEED);
    const [state, ledger, port] = [join(temporaryFolder(), "state"), newLedger(), await freePort()];
    const [program, args] = relayProgram(runtime);
    for (let kills = 1; kills <= KILLS; kills += 1) {
      const options = ["--port", String(port), "--state", state, "--var", "PROBE_INTERVAL=0"];
      const relay = startProgram(program, [...args, ...options], { cwd: ROOT });
      onTestFinished(() => kill(relay));
      await relay.shows("ready");
      const enough = ledger.acknowledged + 1 + Math.floor(MOST_ACKNOWLEDGED * random() ** 3);
      const url = `localhost:${port}`;
      const writing = writeUntilItDies(`ws://${url}`, `http://${url}`, ledger, random);
      await eventually(
        async () => ledger.acknowledged,
        (count) => count >= enough,
      );
      await Promise.all([writing, kill(relay)]);
      using disk = openServerDisk(state);
      expect(problemsOf(disk, ledger, now()), `SEED=${SEED}, kill ${kills}`).toEqual([]);
    }
    console.log(`${runtime}: ${JSON.stringify(ledger.counts)}`);
    expect(ledger.acknowledged).toBeGreaterThanOrEqual(KILLS);
  },
);
