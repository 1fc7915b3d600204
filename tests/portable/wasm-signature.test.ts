/**
 * The check of signatures in WebAssembly, compared with noble's. `SIGNATURES=1000000 npx vitest run --project portable
 * tests/portable/wasm-signature.test.ts` tries a million random signatures, each also with something changed: about an hour.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createWasmVerify } from "../../nostr/wasm-signature.ts";
import { verifySignature } from "../../nostr/signature.ts";
import { signed } from "../fixtures/author.ts";
import { describeSignatures } from "../contract/signature.ts";

const file = readFileSync(new URL("../../wasm/verify.wasm", import.meta.url));
const module = new WebAssembly.Module(file);
const verify = createWasmVerify(module);

describe("in WebAssembly", () => {
  if (verify === undefined) throw new Error("wasm/verify.wasm could not be built: see npm run build:wasm");
  describeSignatures(verify, Number(process.env["SIGNATURES"] ?? 200), Number(process.env["SEED"] ?? 1));

  it("keeps nothing of one check for the next", () => {
    const [a, b] = [signed("a"), signed("b")];
    for (const event of [a, { ...a, sig: b.sig }, b, { ...b, id: a.id }, a, b])
      expect(verify(event)).toBe(verifySignature(event));
  });

  it("needs nothing from outside, and its memory cannot grow", () => {
    expect(WebAssembly.Module.imports(module)).toEqual([]);
    const { memory } = new WebAssembly.Instance(module).exports as { memory: WebAssembly.Memory };
    expect(() => memory.grow(1)).toThrow(RangeError);
  });
});

it("is not used if the module could not be built", () => {
  const header = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
  expect(createWasmVerify(new WebAssembly.Module(header))).toBeUndefined();
});
