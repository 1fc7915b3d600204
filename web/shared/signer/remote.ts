/** Signs with a remote signer (NIP-46): an app on the phone or a server. Both meet on relays. */
import { isHex64 } from "../../../nostr/event.ts";
import { BunkerSigner, createNostrConnectURI, parseBunkerInput } from "nostr-tools/nip46";
import { generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { messageOf } from "../forms/message.ts";
import { type Signer, signedAsAsked } from "./signer.ts";

/** A person may have to find the phone and approve. */
const PATIENCE_MILLISECONDS = 120_000;
const RELAY = /^wss?:\/\//;

export interface RemoteOptions {
  /** Called with the https address of a page on which the signer wants the person to approve. */
  approve(url: string): void;
}

/** Connects to the signer that a bunker:// address names. */
export async function bunkerSigner(address: string, options: RemoteOptions): Promise<Signer> {
  const pointer = address.startsWith("bunker://") ? await parseBunkerInput(address) : null;
  if (pointer === null)
    throw new Error("This is not the address of a remote signer. Expected bunker://… from your signer.");
  const relays = pointer.relays.filter((relay) => RELAY.test(relay)).slice(0, 10);
  if (relays.length === 0) throw new Error("The address names no relay on which the signer can be reached.");
  const bunker = BunkerSigner.fromBunker(
    generateSecretKey(),
    { ...pointer, relays },
    { onauth: approval(options) },
  );
  return opened(bunker, async () => bunker.connect());
}

export interface Invitation {
  /** nostrconnect://…, to scan or to paste into the signer. */
  address: string;
  /** Resolves when a signer has answered. */
  accepted: Promise<Signer>;
  cancel(): void;
}

/** Invites a signer over a relay: the person scans the address with it. */
export function inviteSigner(relay: string, name: string, options: RemoteOptions): Invitation {
  const secret = generateSecretKey();
  const address = createNostrConnectURI({
    clientPubkey: getPublicKey(secret),
    relays: [relay],
    secret: crypto.randomUUID(),
    perms: ["get_public_key", "sign_event:27235", "sign_event:22242"],
    name,
    url: location.origin,
  });
  const abort = new AbortController();
  const accepted = BunkerSigner.fromURI(
    secret,
    address,
    { onauth: approval(options), skipSwitchRelays: true },
    abort.signal,
  ).then((bunker) => opened(bunker, async () => {}));
  return { address, accepted, cancel: () => abort.abort() };
}

async function opened(bunker: BunkerSigner, connect: () => Promise<void>): Promise<Signer> {
  try {
    await inTime(connect());
    const pubkey = await inTime(bunker.getPublicKey());
    if (!isHex64(pubkey)) throw new Error("The signer has answered something that is not a public key.");
    return {
      pubkey,
      way: "remote",
      sign: async (template) => signedAsAsked(await inTime(bunker.signEvent(template)), template, pubkey),
      forget: () => bunker.close(),
    };
  } catch (error) {
    await bunker.close();
    throw error;
  }
}

/** The library waits for ever. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error("it has not answered within two minutes")),
      PATIENCE_MILLISECONDS,
    );
  });
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    throw new Error(`The remote signer: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** The library rejects with one error for each relay if none takes the request. */
function reasonOf(error: unknown): string {
  return error instanceof AggregateError
    ? `no relay took the request (${error.errors.map(messageOf).join("; ")})`
    : messageOf(error);
}

function approval({ approve }: RemoteOptions) {
  return (url: string) => {
    if (URL.canParse(url) && new URL(url).protocol === "https:") approve(url);
  };
}
