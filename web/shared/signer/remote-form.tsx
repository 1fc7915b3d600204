/** Signs in with a remote signer: one whose address is pasted, or one that scans a code. */
import { useEffect, useRef, useState } from "preact/hooks";
import { QrCode } from "../qr-code.tsx";
import { type Action, useAction } from "../forms/action.ts";
import { CopyButton } from "../forms/copy-button.tsx";
import { TextField } from "../forms/field.tsx";
import { Said } from "../forms/said.tsx";
import { signIn } from "./current.ts";
import type { Invitation } from "./remote.ts";

export function RemoteForm() {
  const [approveAt, setApproveAt] = useState("");
  const action = useAction();
  return (
    <div class="stack">
      <p>
        A remote signer, such as Amber on your phone or nsec.app, keeps your secret key and signs for you
        (NIP-46).
      </p>
      <Bunker action={action} approve={setApproveAt} />
      <hr />
      <Scan action={action} approve={setApproveAt} />
      {approveAt !== "" && (
        <p class="notice">
          The signer asks you to approve on a page of its own:{" "}
          <a href={approveAt} target="_blank" rel="noreferrer nofollow">
            {new URL(approveAt).host}
          </a>
        </p>
      )}
      <Said {...action} />
    </div>
  );
}

interface Props {
  action: Action;
  approve(url: string): void;
}

function Bunker({ action, approve }: Props) {
  const [address, setAddress] = useState("");
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void action.run(async () => {
          const { bunkerSigner } = await import("./remote.ts");
          signIn(await bunkerSigner(address.trim(), { approve }));
        });
      }}
    >
      <TextField
        label="Address of the signer"
        hint="bunker://… from your signer"
        required
        value={address}
        change={setAddress}
      />
      <button type="submit" class="primary" disabled={action.isRunning}>
        {action.isRunning ? "Waiting for the signer…" : "Connect"}
      </button>
    </form>
  );
}

function Scan({ action, approve }: Props) {
  const [relay, setRelay] = useState(() => location.origin.replace(/^http/, "ws"));
  const [address, setAddress] = useState("");
  const invitation = useRef<Invitation>(null);
  useEffect(() => () => invitation.current?.cancel(), []);
  function invite() {
    void action.run(async () => {
      const { inviteSigner } = await import("./remote.ts");
      invitation.current = inviteSigner(relay.trim(), "Tributary", { approve });
      setAddress(invitation.current.address);
      try {
        signIn(await invitation.current.accepted);
      } finally {
        setAddress("");
      }
    });
  }
  if (address !== "")
    return (
      <div class="stack">
        <QrCode text={address} label="QR code for your signer" />
        <p>Scan this with your signer, or paste the address there. Waiting for its answer…</p>
        <div class="row">
          <CopyButton text={address} what="the address for your signer" />
          <button type="button" onClick={() => invitation.current?.cancel()}>
            Cancel
          </button>
        </div>
      </div>
    );
  return (
    <div class="stack">
      <TextField
        label="Or let it scan a code: relay on which you meet"
        hint="Your signer must be able to reach it."
        value={relay}
        change={setRelay}
      />
      <button type="button" disabled={action.isRunning} onClick={invite}>
        Show the code
      </button>
    </div>
  );
}
