/** Why the figures may not be read, and the ways to read them. */
import { SignedIn } from "../../shared/signer/signed-in.tsx";
import { SignIn } from "../../shared/signer/sign-in.tsx";
import type { Access } from "./access.ts";
import { TokenForm } from "./token-form.tsx";

interface Props {
  access: Access;
  /** Whether the relay is being asked with it. */
  isAsking: boolean;
  use(token: string): void;
}

export function NotReadable({ access, isAsking, use }: Props) {
  const signer = access && "signer" in access ? access.signer : undefined;
  return (
    <div class="stack not-readable">
      <p>
        The figures show what clients do, so only operators may read them. On the relay's own machine they
        need nothing, unless the relay has a <code>METRICS_TOKEN</code>.
      </p>
      {isAsking && <p role="status">Asking the relay…</p>}
      {access && !isAsking && (
        <div role="alert" class="notice bad">
          {signer
            ? "The relay does not accept this key: it is not in RELAY_ADMINS, or this page has another address than RELAY_URL."
            : "The relay does not accept this token."}
        </div>
      )}
      <div class="columns">
        <section class="card stack" aria-labelledby="as-admin">
          <h2 id="as-admin">Sign in as an admin</h2>
          <p class="quiet">
            With a key of the setting <code>RELAY_ADMINS</code>. It signs a few requests each minute, so let
            your signer do that without asking.
          </p>
          {signer ? <SignedIn signer={signer} /> : <SignIn />}
        </section>
        <section class="card stack" aria-labelledby="with-token">
          <h2 id="with-token">Or use the token</h2>
          <p class="quiet">With a token you see all figures, but of upstreams not what is here of each.</p>
          <TokenForm use={use} />
        </section>
      </div>
    </div>
  );
}
