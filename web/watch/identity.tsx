/** Who watches. Some events are only for those who have signed in, or who are named in them. */
import { SignedIn } from "../shared/signer/signed-in.tsx";
import { useSigner } from "../shared/signer/current.ts";
import { SignIn } from "../shared/signer/sign-in.tsx";

/** `isNeeded`: the relay sends nothing to strangers. */
export function Identity({ isNeeded }: { isNeeded: boolean }) {
  const signer = useSigner();
  if (signer) return <SignedIn signer={signer} />;
  return (
    <details class="card identity" open={isNeeded}>
      <summary>Sign in</summary>
      <p class="quiet">
        Your direct messages, gift wraps and drafts are shown only to you. Filter for their kinds, such as 4
        or 1059, and sign in.
      </p>
      <SignIn />
    </details>
  );
}
