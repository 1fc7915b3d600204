import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import { WebSocket } from "ws";
import { finalizeEvent, generateSecretKey } from "nostr-tools";
useWebSocketImplementation(WebSocket);
const url = "ws://localhost:18787";
const a = await Relay.connect(url);
await new Promise<void>((r) =>
  a.subscribe([{ kinds: [1] }], { onevent: (e) => console.log("got", e.id), oneose: () => r() }),
);
const b = await Relay.connect(url);
await b.publish(
  finalizeEvent(
    { kind: 1, created_at: Math.floor(Date.now() / 1000), tags: [], content: "x" },
    generateSecretKey(),
  ),
);
await new Promise((r) => setTimeout(r, 4000));
process.exit();
