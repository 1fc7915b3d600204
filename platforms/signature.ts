/** The check of signatures in a Worker: in WebAssembly, or in JavaScript if `wasm/build.js` could not build the module. */
import module from "../wasm/verify.wasm";
import { verifySignature, type Verify } from "../nostr/signature.ts";
import { createWasmVerify } from "../nostr/wasm-signature.ts";

export const nativeVerify: Verify = createWasmVerify(module) ?? verifySignature;
