/** Makes a key pair. */
import { parseArgs } from "node:util";
import { bytesToHex } from "@noble/hashes/utils.js";
import { npubEncode, nsecEncode } from "nostr-tools/nip19";
import { generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { print } from "./printing.ts";
import { savedSecretKey, saveSecretKey, SECRET_NAME } from "./secret-key.ts";
import { CommandError, UsageError } from "./usage.ts";

export const summary = "make a key pair";
export const help = `Usage: npm run nostr -- keygen [options]

Makes a key pair and prints it: the secret key in hex and as nsec, the public key in hex and as npub.

  --save             write ${SECRET_NAME} into .env in this folder; then the secret key is not printed
  --force            with --save: over a key that is there already
  --help             this text
`;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { save: { type: "boolean" }, force: { type: "boolean" } } });
  if (values.force && !values.save) throw new UsageError("--force is for --save");
  if (values.save && !values.force && savedSecretKey() !== undefined) {
    throw new CommandError(
      `.env has a ${SECRET_NAME} already: --force replaces it, and the old key is lost unless you have it elsewhere`,
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
