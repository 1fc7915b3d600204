/** Runs `worker.js` as `npm start` runs the relay. Arguments: the port and the state directory. Prints `ready`. */
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { miniflareOptionsOf } from "../../local/unstable.ts";

const [port, state] = process.argv.slice(2);
const worker = {
  name: "floor",
  modules: true,
  scriptPath: fileURLToPath(new URL("worker.js", import.meta.url)),
  compatibilityDate: "2026-10-01",
  durableObjects: { FLOOR: { className: "Floor", useSQLite: true } },
  d1Databases: { DB: "floor" },
};
const miniflare = new Miniflare(
  miniflareOptionsOf({
    workers: [worker],
    host: "127.0.0.1",
    port: Number(port),
    resourcePersistencePath: state,
    cf: false,
  }),
);
await miniflare.ready;
// Makes the file of the database.
const database = await miniflare.getD1Database("DB");
await database.prepare("SELECT 1").all();
console.log("ready");
process.once("SIGTERM", () => void miniflare.dispose());
