/** The keys that have a role. */
import { useState } from "preact/hooks";
import { parseReference, PUBKEY } from "../../../nostr/reference.ts";
import { TextField } from "../../shared/forms/field.tsx";
import type { ListedRole } from "../../shared/management/answers.ts";
import { Deed, DeedForm } from "../parts/deed.tsx";
import { Person } from "../parts/person.tsx";
import { useRelay } from "../parts/relay.tsx";
import { ShortList } from "../parts/short-list.tsx";

interface Props {
  role: ListedRole;
  done(): Promise<void>;
}

export function Members({ role, done }: Props) {
  const { call } = useRelay();
  const { id, members } = role;
  return (
    <details>
      <summary>{members.length === 1 ? "1 key" : `${members.length} keys`}</summary>
      <div class="stack">
        <ShortList items={members} step={20}>
          {(pubkey) => (
            <li key={pubkey} class="line">
              <div class="grow">
                <Person pubkey={pubkey} />
              </div>
              <Deed
                label="Remove"
                about={pubkey}
                act={async () => {
                  await call("unassignrole", pubkey, id);
                  return {
                    said: `The key does not have the role ${id} any more.`,
                    undo: {
                      label: "Give it back",
                      act: async () => {
                        await call("assignrole", pubkey, id);
                        await done();
                        return `The key has the role ${id} again.`;
                      },
                    },
                  };
                }}
                done={done}
              />
            </li>
          )}
        </ShortList>
        <Assign role={role} done={done} />
      </div>
    </details>
  );
}

function Assign({ role: { id }, done }: Props) {
  const { call } = useRelay();
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const pubkey = parseReference(text.trim(), PUBKEY)?.value;
  return (
    <DeedForm
      label="Give the role"
      check={() => {
        setProblem(pubkey === undefined ? "This is not a public key." : "");
        return pubkey !== undefined;
      }}
      act={async () => {
        await call("assignrole", pubkey, id);
        return { said: `The key has the role ${id}.` };
      }}
      done={async () => {
        setText("");
        await done();
      }}
    >
      <TextField
        label="Public key"
        hint="npub1…, nprofile1… or 64 characters of hex"
        problem={problem}
        value={text}
        change={setText}
      />
    </DeedForm>
  );
}
