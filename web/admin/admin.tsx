/** The admin page: who signs in as an admin of the relay gets its sections. */
import { useEffect, useState } from "preact/hooks";
import { callRelay } from "../shared/management/call.ts";
import { useSigner } from "../shared/signer/current.ts";
import { SignedIn } from "../shared/signer/signed-in.tsx";
import { SignIn } from "../shared/signer/sign-in.tsx";
import type { Signer } from "../shared/signer/signer.ts";
import { NotAdmitted } from "./not-admitted.tsx";
import { RelayProvider } from "./parts/relay.tsx";
import { Sections } from "./sections.tsx";

export function Admin() {
  const signer = useSigner();
  if (!signer) return <SignInPage />;
  return (
    <div class="stack">
      <SignedIn signer={signer} />
      <Admission key={signer.pubkey} signer={signer} />
    </div>
  );
}

function SignInPage() {
  return (
    <div class="sign-in-page">
      <section class="card sign-in-card">
        <h2>Sign in as an admin</h2>
        <p class="quiet">
          Admins are the keys that the relay has in its setting <code>RELAY_ADMINS</code>. Each call to the
          relay is signed by your key.
        </p>
        <SignIn />
      </section>
      <aside>
        <h2>What admins do here</h2>
        <ul>
          <li>Decide on reports: keep an event, or ban it or its author</li>
          <li>Ban and allow keys, kinds and addresses</li>
          <li>Choose the relays from which events are pulled, and see what is missing</li>
          <li>Look at events that could not be stored, and try them again</li>
          <li>Change the name of the relay, and who may read and write</li>
          <li>See who changed what</li>
        </ul>
      </aside>
    </div>
  );
}

/** Asks the relay whether this person is an admin. */
function Admission({ signer }: { signer: Signer }) {
  const [state, setState] = useState<"asking" | "admitted" | Error>("asking");
  function ask() {
    setState("asking");
    callRelay(signer, "supportedmethods", []).then(
      () => setState("admitted"),
      (error: Error) => setState(error),
    );
  }
  useEffect(ask, []);
  if (state === "asking") return <p role="status">Asking the relay whether you are an admin…</p>;
  if (state === "admitted")
    return (
      <RelayProvider signer={signer}>
        <Sections />
      </RelayProvider>
    );
  return <NotAdmitted error={state} pubkey={signer.pubkey} again={ask} />;
}
