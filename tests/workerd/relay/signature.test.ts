/** The check of signatures that the relay uses in workerd. */
import { expect, it } from "vitest";
import { verifySignature } from "../../../nostr/signature.ts";
import { nativeVerify } from "../../../platforms/signature.ts";
import { describeSignatures } from "../../contract/signature.ts";

it("is WebAssembly's", () => {
  expect(nativeVerify).not.toBe(verifySignature);
});

describeSignatures(nativeVerify, 100);
