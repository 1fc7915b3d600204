/** Tests generate the same input in each run, so that a failure belongs to the change before it. `SEED=2` generates another. */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["SEED"] ?? 1) });
