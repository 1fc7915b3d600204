/** Why someone who is signed in may not manage the relay, and what to do about it. */
import { npubEncode } from "nostr-tools/nip19";
import { CopyButton } from "../shared/forms/copy-button.tsx";
import { messageOf } from "../shared/forms/message.ts";
import { CallError } from "../shared/management/call.ts";

export function NotAdmitted({ error, pubkey, again }: { error: unknown; pubkey: string; again(): void }) {
  const isUnauthorized = error instanceof CallError && error.isUnauthorized;
  return (
    <section class="card stack">
      <h2>{isUnauthorized ? "The relay does not let you in" : "That did not work"}</h2>
      <div role="alert" class="notice bad">
        {messageOf(error)}
      </div>
      {isUnauthorized && <HowToBecomeAdmin pubkey={pubkey} />}
      <button type="button" class="primary" onClick={again}>
        Try again
      </button>
    </section>
  );
}

function HowToBecomeAdmin({ pubkey }: { pubkey: string }) {
  const command = `npm run deploy -- --var RELAY_ADMINS=${npubEncode(pubkey)}`;
  return (
    <>
      <p>
        To become an admin, the operator adds your key to the setting <code>RELAY_ADMINS</code> (several keys
        are separated by commas) and deploys the relay again, or restarts it:
      </p>
      <pre class="command">{command}</pre>
      <CopyButton text={command} what="the command" />
      <p>
        If the relay says that it does not know its own address, or expects another one, open this page at the
        address in <code>RELAY_URL</code>: signatures are valid for that address only.
      </p>
    </>
  );
}
