/** Changes who may write or read. */
import { useState } from "preact/hooks";
import type { Access, MethodName } from "../../../nostr/management.ts";
import { Choice } from "../../shared/forms/choice.tsx";
import type { ListedSetting } from "../../shared/management/answers.ts";
import { DeedForm } from "../parts/deed.tsx";
import { useAnswer } from "../parts/loading.tsx";
import { placeHref } from "../parts/place.ts";
import { useRelay } from "../parts/relay.tsx";
import { deployedValue, titleOf } from "./words.ts";

interface Props {
  setting: ListedSetting;
  method: Extract<MethodName, "changewriteaccess" | "changereadaccess">;
  done(): Promise<void>;
}

const OPTIONS = [
  ["open", "Everybody"],
  ["auth", "Authenticated"],
  ["allow", "Allow-list"],
] as const;

export function AccessForm({ setting, method, done }: Props) {
  const { call } = useRelay();
  const before = setting.value as Access;
  const [access, setAccess] = useState(before);
  const title = titleOf(setting.name);
  const verb = method === "changewriteaccess" ? "write" : "read";
  return (
    <div class="card">
      <DeedForm
        label="Save"
        isDisabled={access === before}
        question={{
          title: `Change who may ${verb}?`,
          text: <Consequence access={access} verb={verb} />,
          button: "Change",
        }}
        act={async () => {
          await call(method, access);
          return {
            said: `${title}: ${nameOfAccess(access)}.`,
            undo: {
              label: "Change it back",
              act: async () => {
                await call(method, before);
                await done();
                return `${title}: ${nameOfAccess(before)} again.`;
              },
            },
          };
        }}
        done={done}
      >
        <Choice label={title} value={access} change={(chosen) => setAccess(chosen)} options={OPTIONS} />
        <p class="hint">
          {setting.about} {deployedValue(setting)}
        </p>
      </DeedForm>
    </div>
  );
}

function Consequence({ access, verb }: { access: Access; verb: "write" | "read" }) {
  if (access === "open") return <p>Everybody may {verb} at once, without authenticating.</p>;
  if (access === "auth")
    return (
      <p>
        Only clients that authenticate (NIP-42) may {verb}, with any key. Clients that cannot authenticate are
        refused at once.
      </p>
    );
  return <AllowListConsequence verb={verb} />;
}

function AllowListConsequence({ verb }: { verb: "write" | "read" }) {
  const { value } = useAnswer("listallowedpubkeys");
  return (
    <>
      {value?.length === 0 && (
        <p class="notice warning">
          The allow-list is empty: nobody but the admins will be able to {verb}.{" "}
          <a href={placeHref("lists", "allowed-keys")}>Add keys first</a>
        </p>
      )}
      <p>
        Only the {value ? value.length.toLocaleString("en") : ""} keys on the allow-list and the admins may{" "}
        {verb}. All others are refused at once.
      </p>
    </>
  );
}

function nameOfAccess(access: Access): string {
  return OPTIONS.find(([id]) => id === access)?.[1].toLowerCase() ?? access;
}
