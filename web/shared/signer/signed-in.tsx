/** Who is signed in, with a button to sign out. */
import { npubEncode } from "nostr-tools/nip19";
import { signOut } from "./current.ts";
import type { Signer, Way } from "./signer.ts";

const WAYS: Record<Way, string> = {
  extension: "with an extension",
  remote: "with a remote signer",
  key: "with a secret key",
};

export function SignedIn({ signer }: { signer: Signer }) {
  const npub = npubEncode(signer.pubkey);
  return (
    <div class="signed-in">
      <span>
        Signed in {WAYS[signer.way]} as{" "}
        <code title={npub}>
          {npub.slice(0, 12)}…{npub.slice(-6)}
        </code>
      </span>
      <button type="button" onClick={() => void signOut()}>
        Sign out
      </button>
    </div>
  );
}
