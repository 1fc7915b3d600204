/**
 * Cuts zstd at the ends of frames (RFC 8878, 3.1). A file may have many, and Node's decompressor forgets what follows the end of a frame in
 * the same chunk.
 */

const ZSTD = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const RLE_BLOCK = 1;

/** What is next in a frame: bytes to look at, or bytes to pass over. */
type Step = { take: number } | { skip: number };

/** Returns the chunks, where no chunk goes beyond the end of a frame. */
export async function* framesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frames = stepsOfFrames();
  let step = frames.next().value as Step;
  let taken: number[] = [];
  let skipped = 0;
  for await (const chunk of source) {
    let from = 0;
    for (let at = 0; at < chunk.length;) {
      if ("take" in step) {
        taken.push(chunk[at] ?? 0);
        at += 1;
        if (taken.length < step.take) continue;
      } else {
        const passed = Math.min(step.skip - skipped, chunk.length - at);
        skipped += passed;
        at += passed;
        if (skipped < step.skip) continue;
      }
      let next = frames.next(taken).value;
      if (next === "end") {
        yield chunk.subarray(from, at);
        from = at;
        next = frames.next([]).value;
      }
      step = next as Step;
      taken = [];
      skipped = 0;
    }
    if (from < chunk.length) yield chunk.subarray(from);
  }
}

/** Yields the steps of one frame after the other, and "end" after each. */
function* stepsOfFrames(): Generator<Step | "end", never, number[]> {
  for (;;) {
    yield* stepsOfFrame();
    yield "end";
  }
}

/** Never yields a step of no bytes. */
function* stepsOfFrame(): Generator<Step, void, number[]> {
  const magic = numberOf(yield { take: 4 });
  if (magic >>> 4 === SKIPPABLE >>> 4) return yield* skip(numberOf(yield { take: 4 }));
  // What is not zstd is for the decompressor to refuse.
  if (magic !== ZSTD) return yield* skip(Infinity);
  const [descriptor = 0] = yield { take: 1 };
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizes = [isSingleSegment ? 1 : 0, 2, 4, 8];
  const dictionaries = [0, 1, 2, 4];
  const header = (sizes[descriptor >> 6] ?? 0) + (dictionaries[descriptor & 3] ?? 0);
  yield* skip(header + (isSingleSegment ? 0 : 1));
  for (let isLast = false; !isLast;) {
    const block = numberOf(yield { take: 3 });
    isLast = (block & 1) === 1;
    yield* skip(((block >> 1) & 3) === RLE_BLOCK ? 1 : block >> 3);
  }
  const hasChecksum = (descriptor & 4) !== 0;
  yield* skip(hasChecksum ? 4 : 0);
}

function* skip(bytes: number): Generator<Step, void, number[]> {
  if (bytes > 0) yield { skip: bytes };
}

/** Little-endian. */
function numberOf(bytes: number[]): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}
