/**
 * Runs another project's relay: @nostr-relay on SQLite. Arguments: the port, the database file, and the number of sent
 * events after which it kills itself (0: never). It prints `ready`, and `sent N` after each answer.
 */
import { createServer } from "node:http";
import { NostrRelay } from "@nostr-relay/core";
import { EventRepositorySqlite } from "@nostr-relay/event-repository-sqlite";
import { Validator } from "@nostr-relay/validator";
import { type RawData, type WebSocket, WebSocketServer } from "ws";

const [port = "", file = "", dieAfter = "0"] = process.argv.slice(2);
const repository = new EventRepositorySqlite(file, { defaultLimit: 500 });
await repository.init();
const relay = new NostrRelay(repository);
const validator = new Validator();
let sent = 0;

const server = createServer((_request, response) => response.writeHead(404).end());
new WebSocketServer({ server }).on("connection", (socket) => {
  const client = countingSends(socket);
  relay.handleConnection(client);
  socket.on("message", (data) => void handle(client, data));
  socket.on("close", () => relay.handleDisconnect(client));
});
server.listen(Number(port), "localhost", () => console.log("ready"));

async function handle(client: WebSocket, data: RawData): Promise<void> {
  await relay.handleMessage(client, await validator.validateIncomingMessage(data as Buffer));
}

function countingSends(socket: WebSocket): WebSocket {
  const send = socket.send.bind(socket) as (frame: string) => void;
  socket.send = (frame: string) => {
    send(frame);
    if (frame.startsWith('["EOSE"')) console.log(`sent ${sent}`);
    if (!frame.startsWith('["EVENT"')) return;
    sent += 1;
    if (sent === Number(dieAfter)) process.kill(process.pid, "SIGKILL");
  };
  return socket;
}
