/**
 * Runs @nostr-relay on better-sqlite3. Arguments: the port and the database file. Plain JavaScript: it runs on the Node for
 * which npm has built better-sqlite3. Prints `ready`.
 */
import { createServer } from "node:http";
import { NostrRelay } from "@nostr-relay/core";
import { EventRepositorySqlite } from "@nostr-relay/event-repository-sqlite";
import { Validator } from "@nostr-relay/validator";
import { WebSocketServer } from "ws";

const [port, file] = process.argv.slice(2);
const repository = new EventRepositorySqlite(file, { defaultLimit: 500 });
await repository.init();
// Otherwise a question that is asked again within a second is answered from memory.
const relay = new NostrRelay(repository, { filterResultCacheTtl: 0, maxSubscriptionsPerClient: 100 });
const validator = new Validator();

const server = createServer((_request, response) => response.writeHead(404).end());
new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (socket) => {
  relay.handleConnection(socket);
  socket.on("message", (data) => void handle(socket, data));
  socket.on("error", () => socket.terminate());
  socket.on("close", () => relay.handleDisconnect(socket));
});
server.listen(Number(port), "127.0.0.1", () => console.log("ready"));
process.on("SIGTERM", () => process.exit());

async function handle(socket, data) {
  try {
    await relay.handleMessage(socket, await validator.validateIncomingMessage(data));
  } catch (error) {
    socket.send(JSON.stringify(["NOTICE", String(error)]));
  }
}
