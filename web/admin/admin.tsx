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
  if (!signer)
    return (
      <section class="card sign-in-card">
        <h2>Sign in as an admin</h2>
        <p class="quiet">
          Admins are the keys that the relay has in its setting <code>RELAY_ADMINS</code>. Each call to the
          relay is signed by your key.
        </p>
        <SignIn />
      </section>
    );
  return (
    <div class="stack">
      <SignedIn signer={signer} />
      <Admission key={signer.pubkey} signer={signer} />
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
