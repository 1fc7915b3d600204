/** The address that a hub takes for its own if RELAY_URL is not set. */
import { exports } from "cloudflare:workers";
import { expect, it } from "vitest";
import { signedEvent } from "../../fixtures/signed-events.ts";
import { connect } from "../client.ts";

it.each([
  ["no query", ""],
  ["a query", "?from=client"],
  ["a long query", `?${"x".repeat(8000)}`],
])(
  "[25] a request to vanish from here is not ignored because the client connected with %s",
  async (_, query) => {
    const client = await connect(exports.default, `https://relay.test/${query}`);
    const request = signedEvent({ kind: 62, content: query, tags: [["relay", "wss://relay.test"]] });
    client.say("EVENT", request);
    expect((await client.upTo("OK")).at(-1)).toEqual(["OK", request.id, true, ""]);
    client.close();
  },
);
