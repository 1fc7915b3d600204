/** A form for the token of programs that read metrics. */
import { useState } from "preact/hooks";

/** Tokens are in a header, which can hold no other characters. */
const TOKEN = "[!-~]+";

export function TokenForm({ use }: { use(token: string): void }) {
  const [token, setToken] = useState("");
  return (
    <form
      class="stack"
      onSubmit={(submitted) => {
        submitted.preventDefault();
        use(token.trim());
      }}
    >
      <div class="field">
        <label for="token">METRICS_TOKEN</label>
        <input
          id="token"
          type="password"
          required
          pattern={TOKEN}
          title="Letters, digits and signs, without spaces"
          autocomplete="off"
          spellcheck={false}
          value={token}
          onInput={({ currentTarget }) => setToken(currentTarget.value)}
          aria-describedby="token-hint"
        />
        <p class="hint" id="token-hint">
          The same that Prometheus sends. The page forgets it when you close or reload it.
        </p>
      </div>
      <button type="submit">Read with this token</button>
    </form>
  );
}
