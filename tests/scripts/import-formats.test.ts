/** What other programs write is read: each file has the same three events. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { expect, it, onTestFinished } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { importEvents, type Position } from "../../scripts/move/import-events.ts";
import { linesOf } from "../../scripts/move/lines.ts";
import { fastVerify } from "../../scripts/move/read-record.ts";
import { openSource } from "../../scripts/move/source.ts";
import { framesOf } from "../../scripts/move/zstd-frames.ts";
import { Tally } from "../../scripts/move/tally.ts";
import { signed } from "../fixtures/author.ts";

const [one, two, three] = [1, 2, 3].map((n) => signed(`note ${n}`, { created_at: 1_700_000_000 + n })) as [
  Event,
  Event,
  Event,
];
const json = JSON.stringify;
const plain = `${json(one)}\n${json(two)}\n${json(three)}\n`;

const FORMATS: [name: string, content: string | Uint8Array][] = [
  ["strfry export, nak: events alone", plain],
  ["without the last line feed", plain.trimEnd()],
  [
    "CRLF, blank lines and white space",
    `\r\n${json(one)}\r\n \t \r\n\n  ${json(two)}\r\n${json(three)} \r\n\r\n`,
  ],
  ["a byte order mark", `\uFEFF${plain}`],
  ["frames of a client", [one, two, three].map((event) => json(["EVENT", event])).join("\n")],
  [
    "frames of a relay, with others between",
    [
      ["AUTH", "x"],
      ["EVENT", "sub", one],
      ["NOTICE", "hi"],
      ["EVENT", "", two],
      ["EVENT", "sub", three],
      ["EOSE", "sub"],
    ]
      .map((frame) => json(frame))
      .join("\n"),
  ],
  [
    "nostream, nostr-rs-relay: fields beside those of NIP-01, in any order",
    [one, two, three]
      .map(({ sig, ...event }) => json({ sig, event_first_seen: 1, ...event, deleted_at: null, hidden: 0 }))
      .join("\n"),
  ],
  [
    "escapes that other encoders write",
    plain.replaceAll("note", "\\u006eote").replaceAll('"kind":', '"kind" : '),
  ],
  ["gzip", gzipSync(plain)],
  [
    "gzip in several members",
    Buffer.concat([gzipSync(`${json(one)}\n${json(two)}`), gzipSync(`\n${json(three)}`)]),
  ],
  ["zstd", zstdCompressSync(plain)],
  [
    "zstd in several frames, one of them to be skipped",
    Buffer.concat([
      zstdCompressSync(`${json(one)}\n${json(two)}`),
      Buffer.from("502a4d1803000000aabbcc", "hex"),
      zstdCompressSync("\n", { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
      zstdCompressSync(json(three)),
    ]),
  ],
];

it.each([1, 2, 5, 64, 100_000])("frames of zstd are separated in chunks of %i bytes", async (size) => {
  const noise = randomBytes(300_000);
  const texts = [noise, Buffer.alloc(200_000, "a"), Buffer.alloc(0), Buffer.from(plain)];
  const frames = texts.map((text, n) =>
    zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: n % 2 } }),
  );
  const all = Buffer.concat(frames);
  async function* chunks() {
    for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size);
  }
  let [at, ends] = [0, 0];
  const expected = frames.map((frame) => (ends += frame.length));
  for await (const piece of framesOf(chunks())) {
    const end = expected.find((end) => end > at) ?? 0;
    at += piece.length;
    expect(at).toBeLessThanOrEqual(end);
  }
  expect(at).toBe(all.length);
});

it.each(FORMATS)("%s", async (_, content) => {
  const folder = mkdtempSync(join(tmpdir(), "import-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "events");
  writeFileSync(path, content);
  const from = async (skip?: Position) => {
    const events: Event[] = [];
    const tally = new Tally();
    const source = await openSource(path, skip?.end);
    await importEvents(linesOf(source.bytes, skip), {
      destination: {
        store: async (more) => more.map((event) => (events.push(event), { kind: "stored" })),
      },
      tally,
      verify: fastVerify(),
      matches: () => true,
      isRestoring: false,
      reached: async () => undefined,
      signal: new AbortController().signal,
    });
    expect(tally.counts.refused).toBe(0);
    return events;
  };
  expect(await from()).toEqual([one, two, three]);
  // Every end of a line is a place to go on.
  const positions: Position[] = [];
  for await (const { number, end } of linesOf((await openSource(path)).bytes))
    positions.push({ number, end });
  const left = await Promise.all(positions.map(from));
  expect(left.at(-1)).toEqual([]);
  for (const events of left) expect(events).toEqual([one, two, three].slice(3 - events.length));
});
