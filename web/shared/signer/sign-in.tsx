/** The ways to sign in. */
import { useState } from "preact/hooks";
import { Choice } from "../forms/choice.tsx";
import { signIn } from "./current.ts";
import { extensionSigner } from "./extension.ts";
import { SecretKeyForm } from "./secret-key-form.tsx";
import { RemoteForm } from "./remote-form.tsx";
import type { Way } from "./signer.ts";
import { useAction } from "../forms/action.ts";
import { Said } from "../forms/said.tsx";

const WAYS = [
  ["extension", "Extension"],
  ["remote", "Remote signer"],
  ["key", "Secret key"],
] as const;

export function SignIn() {
  const [way, setWay] = useState<Way>("extension");
  return (
    <div class="sign-in">
      <Choice label="Sign in with" value={way} change={(chosen) => setWay(chosen)} options={WAYS} />
      {way === "extension" && <ExtensionForm />}
      {way === "remote" && <RemoteForm />}
      {way === "key" && <SecretKeyForm />}
    </div>
  );
}

function ExtensionForm() {
  const action = useAction();
  return (
    <div class="stack">
      <p>
        A browser extension such as nos2x or Alby keeps your secret key and signs for you (NIP-07). It asks
        you before it does.
      </p>
      <button
        type="button"
        class="primary"
        disabled={action.isRunning}
        onClick={() => void action.run(async () => signIn(await extensionSigner()))}
      >
        {action.isRunning ? "Waiting for the extension…" : "Sign in with the extension"}
      </button>
      <Said {...action} />
    </div>
  );
}
