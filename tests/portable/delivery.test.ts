/** No subscription misses an event, and none gets one twice. */
import { expect, it } from "vitest";
import { checkDelivery } from "../fixtures/delivery.ts";

it("[15] every subscription has every event that it wants once, whatever is lost, late or doubled", async () => {
  expect.hasAssertions();
  await checkDelivery(Number(process.env.RUNS ?? 60));
});
