/** Fan-out: one client publishes notes, and many have subscribed to them. */
import { measure } from "../load/measure.ts";
import { publishers } from "../load/publisher.ts";
import { subscribers } from "../load/subscribers.ts";
import type { Case } from "./case.ts";

const IN_FLIGHT = 16;
const FULL = [
  { count: 100, perSecond: 20 },
  { count: 1000, perSecond: 5 },
];
const QUICK = [{ count: 50, perSecond: 20 }];
const MOST_PER_SECOND = 2000;

export function fanOut(isQuick: boolean): Case[] {
  return (isQuick ? QUICK : FULL).flatMap(({ count, perSecond }) => [
    delivering(`fan-out to ${count}, ${perSecond}/s`, count, { perSecond }),
    delivering(`fan-out to ${count}, burst`, count, { inFlight: IN_FLIGHT }),
  ]);
}

function delivering(name: string, count: number, pace: { perSecond: number } | { inFlight: number }): Case {
  return {
    scenario: "fan-out",
    name,
    unit: "delivery",
    run: (relay, bench) =>
      measure(relay, bench.pace, async (meter) => {
        const crowd = await subscribers(relay, meter, count);
        const notes = crowd.sending(bench.notes(MOST_PER_SECOND));
        const load = await publishers(relay, meter.beside("stored"), notes, { connections: 1, pace });
        return {
          ...load,
          async stop() {
            await load.stop();
            await crowd.settle();
          },
          close() {
            load.close();
            crowd.close();
          },
        };
      }),
  };
}
