/** Kills `npm start`, or with SERVED_BY the server without Workers. */
import { expect, test } from "vitest";
import { SERVED_BY } from "../fixtures/relay-program.ts";
import { killAgainAndAgain } from "./kill-again.ts";

const KILLS = Number(process.env["KILLS"] ?? 6);

test(
  `killed ${KILLS} times under writers of every kind, it has lost nothing, and nothing has come back`,
  { timeout: 120_000 + KILLS * 60_000, retry: 0 },
  async () => {
    const acknowledged = await killAgainAndAgain(SERVED_BY ?? "workerd", KILLS);
    expect(acknowledged).toBeGreaterThanOrEqual(KILLS);
  },
);
