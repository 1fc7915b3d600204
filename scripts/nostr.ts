/** `npm run nostr -- <command>`: a client for relays. It runs on Node, Bun and Deno. */
import { runNostr } from "./nostr/commands.ts";
import { keepCompiled } from "./shared/compiled.ts";

keepCompiled();
await runNostr(process.argv.slice(2));
// Do not wait for sockets that close slowly.
process.exit();
