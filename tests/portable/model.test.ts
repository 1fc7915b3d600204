/** The relay ends in the same state as the model, whatever its history. */
import { expect, it } from "vitest";
import { checkHistories, HISTORY_SETTINGS } from "../fixtures/histories.ts";
import { openRelay } from "../fixtures/hubs.ts";

it("[2] [5] [7] [15] [16] [21] [22] [23] [24] [25] [29] [31] [32] [38] any history ends as the model does", async () => {
  expect.hasAssertions();
  await checkHistories(Number(process.env.RUNS ?? 30), () => openRelay(HISTORY_SETTINGS));
});
