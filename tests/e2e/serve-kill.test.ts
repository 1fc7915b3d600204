/** Kills `npm run serve` on each runtime. */
import { expect, test } from "vitest";
import { killAgainAndAgain } from "./kill-again.ts";

const KILLS = 2;

test.each(["node", "bun", "deno"])(
  `killed ${KILLS} times under writers of every kind, the server on %s has lost nothing`,
  { timeout: 300_000, retry: 0 },
  async (runtime) => {
    const acknowledged = await killAgainAndAgain(runtime, KILLS);
    expect(acknowledged).toBeGreaterThanOrEqual(KILLS);
  },
);
