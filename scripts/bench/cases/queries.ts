/** Stored queries: eight clients that each ask one question after the other. */
import { ASKED } from "../corpus/questions.ts";
import { askers } from "../load/asker.ts";
import { measure } from "../load/measure.ts";
import type { Case } from "./case.ts";

const CONNECTIONS = 8;

export const QUERIES: Case[] = ASKED.map((name): Case => {
  const nip = name.startsWith("search") ? 50 : name.startsWith("count") ? 45 : undefined;
  return {
    scenario: name,
    name,
    unit: "query",
    ...(nip === undefined ? {} : { nip }),
    run: (relay, bench) =>
      measure(relay, bench.pace, (meter) =>
        askers(relay, meter, bench.questionsOf(name), { connections: CONNECTIONS }),
      ),
  };
});
