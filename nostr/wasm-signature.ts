/** Signatures of BIP-340, checked by a module of WebAssembly (`wasm/verify.c`): four times as fast as in JavaScript. */
import type { Verify } from "./signature.ts";

/** What `wasm/verify.c` exports. */
interface Exports {
  memory: WebAssembly.Memory;
  /** Returns the address of the signature, the message and the public key: 128 bytes in a row. */
  input(): number;
  /** Returns 1 if they belong together. */
  verify(): number;
}

/** Where each of them begins, in bytes. */
const [SIG, ID, PUBKEY, END] = [0, 64, 96, 128];

/**
 * Returns a check of signatures. Undefined: the module has no exports, because it could not be built (`wasm/build.js`).
 * The first check takes about 1 ms more: it makes the instance and a table.
 */
export function createWasmVerify(module: WebAssembly.Module): Verify | undefined {
  if (WebAssembly.Module.exports(module).length === 0) return undefined;
  let check: Verify | undefined;
  return (event) => (check ??= instantiate(module))(event);
}

/** The memory never grows, so the array stays valid. */
function instantiate(module: WebAssembly.Module): Verify {
  const { memory, input, verify } = new WebAssembly.Instance(module).exports as unknown as Exports;
  const bytes = new Uint8Array(memory.buffer, input(), END);
  return ({ sig, id, pubkey }) => {
    writeHex(bytes, sig, SIG, ID);
    writeHex(bytes, id, ID, PUBKEY);
    writeHex(bytes, pubkey, PUBKEY, END);
    return verify() === 1;
  };
}

/** Writes exactly the bytes from `begin` to `end`, without an array in between. The text is lower-case hex of that length. */
function writeHex(bytes: Uint8Array, hex: string, begin: number, end: number): void {
  for (let to = begin, from = 0; to < end; to += 1, from += 2)
    bytes[to] = (digitAt(hex, from) << 4) | digitAt(hex, from + 1);
}

function digitAt(hex: string, at: number): number {
  const code = hex.charCodeAt(at);
  return code <= 57 ? code - 48 : code - 87;
}
