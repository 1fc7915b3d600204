/** NIP-77: one client reconciles all notes, of which it lacks one in a hundred and has as many others. */
import { KIND } from "../corpus/traffic.ts";
import { measure } from "../load/measure.ts";
import { reconciler } from "../load/reconciler.ts";
import type { Case } from "./case.ts";

export const NEGENTROPY: Case = {
  scenario: "negentropy",
  name: "negentropy",
  unit: "reconciliation",
  nip: 77,
  run: (relay, bench) =>
    measure(relay, bench.pace, (meter) => reconciler(relay, meter, bench.differences(KIND.note))),
};
