/** The watch over the relay as `npm start` runs it: its test of itself, and a test alert on both channels. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { generateSecretKey, getPublicKey } from "nostr-tools";
import { unwrapEvent } from "nostr-tools/nip17";
import { bytesToHex } from "nostr-tools/utils";
import { expect, onTestFinished, test } from "vitest";
import { PUBKEY, SECRET_HEX } from "../fixtures/author.ts";
import { runCli } from "../fixtures/cli.ts";
import { ROOT } from "../fixtures/program.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, startRelay, temporaryFolder } from "./programs.ts";

/** Starts a server that keeps the bodies of all requests. */
async function startWebhook(): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      bodies.push(body);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=hunter2`, bodies };
}

test("the relay finds itself working, and a test alert reaches the webhook and the admin", async () => {
  const webhook = await startWebhook();
  const admin = generateSecretKey();
  const settings = {
    PROBE_INTERVAL: "60",
    RELAY_SECRET_KEY: SECRET_HEX,
    RELAY_ADMINS: getPublicKey(admin),
    ALERT_WEBHOOK: webhook.url,
  };
  const vars = Object.entries(settings).flatMap(([name, value]) => ["--var", `${name}=${value}`]);
  const relay = await startRelay(await freePort(), join(temporaryFolder(), "state"), vars);
  const ready = async () => (await (await fetch(`${relay.http}/health/ready`)).json()) as { probe: unknown };
  expect(await eventually(ready, ({ probe }) => probe !== null)).toMatchObject({
    status: "ok",
    problems: [],
    probe: { outcome: "ok", minutesAgo: 0, storedMinutesAgo: 0 },
  });

  const options = { cwd: ROOT, env: { NOSTR_SECRET_KEY: bytesToHex(admin) } };
  const nostr = (...args: string[]) => runCli("node", [...args, "--relay", relay.url], options);
  const { code, stdout, stderr } = await nostr("admin", "testalert", "--json");
  expect({ code, stderr, result: JSON.parse(stdout) as unknown }).toEqual({
    code: 0,
    stderr: "",
    result: { webhook: "sent", message: "sent" },
  });
  expect(webhook.bodies.map((body) => JSON.parse(body) as unknown)).toMatchObject([
    { text: expect.stringContaining("this is a test"), alerts: [{ id: "test" }] },
  ]);
  const inbox = await nostr("req", "--kinds", "1059", "--json", "--auth");
  const messages = inbox.stdout
    .trim()
    .split("\n")
    .map((line) => unwrapEvent(JSON.parse(line) as Parameters<typeof unwrapEvent>[0], admin));
  expect(messages).toMatchObject([
    { kind: 14, pubkey: PUBKEY, content: expect.stringContaining("this is a test") },
  ]);
});
