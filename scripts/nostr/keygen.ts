/** `keygen`: makes a key pair. */
import { bytesToHex } from "@noble/hashes/utils.js";
import { npubEncode, nsecEncode } from "nostr-tools/nip19";
import { generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { readOptions } from "../shared/options.ts";
import { print } from "../shared/printing.ts";
import { savedSecretKey, saveSecretKey, SECRET_NAME } from "./secret-key.ts";
import { CommandError, UsageError } from "../shared/usage.ts";

export const summary = "make a key pair";
export const help = `Usage: npm run nostr -- keygen [options]

Makes a key pair and prints it: the secret key in hex and as nsec, the public key in hex and as npub.

  --save             write the secret key to .env in this folder as ${SECRET_NAME}, and do not print it
  --force            with --save: replace a key that is already there
  --help             print this text
`;

export async function run(args: string[]): Promise<void> {
  const { values } = readOptions(args, { save: { type: "boolean" }, force: { type: "boolean" } });
  if (values.force && !values.save) throw new UsageError("--force works only with --save");
  if (values.save && !values.force && savedSecretKey() !== undefined) {
    throw new CommandError(
      `.env already has a ${SECRET_NAME}: --force replaces it, and the old key is lost unless you have a copy`,
    );
  }
  const secret = generateSecretKey();
  const pubkey = getPublicKey(secret);
  if (values.save) {
    saveSecretKey(bytesToHex(secret));
    await print(`saved    ${SECRET_NAME} in .env`);
  } else {
    await print(`secret   ${bytesToHex(secret)}`);
    await print(`nsec     ${nsecEncode(secret)}`);
  }
  await print(`pubkey   ${pubkey}`);
  await print(`npub     ${npubEncode(pubkey)}`);
}
