/** Signs in with a secret key. */
import { useState } from "preact/hooks";
import { useAction } from "../forms/action.ts";
import { TextField } from "../forms/field.tsx";
import { Said } from "../forms/said.tsx";
import { signIn } from "./current.ts";

export function SecretKeyForm() {
  const [key, setKey] = useState("");
  const [password, setPassword] = useState("");
  const action = useAction();
  const isEncrypted = key.trim().startsWith("ncryptsec1");
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void action.run(async () => {
          const { secretKeySigner } = await import("./secret-key.ts");
          signIn(await secretKeySigner(key.trim(), password));
        });
      }}
    >
      <p>
        The key stays in the memory of this page. It is never sent or stored, and it is forgotten when you
        sign out or leave the page. An extension or a remote signer is safer.
      </p>
      <TextField
        type="password"
        label="Secret key"
        hint="nsec1…, ncryptsec1… or 64 characters of hex"
        required
        value={key}
        change={setKey}
      />
      {isEncrypted && (
        <TextField
          type="password"
          label="Password of the key"
          hint="ncryptsec1… is encrypted (NIP-49). This takes a few seconds."
          value={password}
          change={setPassword}
        />
      )}
      <button type="submit" class="primary" disabled={action.isRunning}>
        {action.isRunning ? "Signing in…" : "Sign in with this key"}
      </button>
      <Said {...action} />
    </form>
  );
}
