/** Two hubs answer and deliver what the reference names. */
import { expect, it } from "vitest";
import { compareWithReference, DIFFERENTIAL_SETTINGS } from "../fixtures/differential.ts";
import { openRelay } from "../fixtures/hubs.ts";

it("[11] [14] [15] [17] every subscription has the stored events and the live ones that the reference names", async () => {
  const relay = openRelay(DIFFERENTIAL_SETTINGS);
  const { filters, delivered } = await compareWithReference(relay, { requests: 300, stored: 400, live: 300 });
  expect(filters).toBeGreaterThan(500);
  expect(delivered).toBeGreaterThan(3000);
  relay.close();
});
