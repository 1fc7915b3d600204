/**
 * Attacks a relay until it gets SIGTERM: `node attack.ts PORT NETWORK NAME`. Goes on for up to 20 seconds if the
 * attackers have not got an answer that the attack expects. At the end it prints the answers.
 */
import { once } from "node:events";
import { Attackers } from "./attackers.ts";
import { ATTACKS } from "./table.ts";

const WAIT_MILLISECONDS = 50;
const MOST_WAITS = 400;

const [port = "", network = "", name = ""] = process.argv.slice(2);
const attack = ATTACKS.find((one) => one.name === name);
if (!attack) throw new Error(`no attack is named ${JSON.stringify(name)}`);
const attackers = new Attackers(Number(port), network);
const { answered } = attack;
const isAnswered = () => answered.length === 0 || answered.some((answer) => attackers.counts.has(answer));
const toldToStop = once(process, "SIGTERM");
// A signal handler alone does not keep the process running.
setInterval(() => undefined, 1000);
await attack.run(attackers);
console.log("attacking");
await toldToStop;
for (let waits = 0; !isAnswered() && waits < MOST_WAITS; waits += 1)
  await new Promise((next) => setTimeout(next, WAIT_MILLISECONDS));
process.stdout.write(`answers ${JSON.stringify(Object.fromEntries(attackers.counts))}\n`, () =>
  process.exit(),
);
