/** Changes a setting that is a text. */
import { useState } from "preact/hooks";
import type { MethodName } from "../../../nostr/management.ts";
import { pictureUrl } from "../../parts/safe-url.ts";
import { Picture } from "../../parts/picture.tsx";
import { TextArea, TextField } from "../../shared/forms/field.tsx";
import type { ListedSetting } from "../../shared/management/answers.ts";
import { DeedForm } from "../parts/deed.tsx";
import { useRelay } from "../parts/relay.tsx";
import { deployedValue, titleOf } from "./words.ts";

interface Props {
  setting: ListedSetting;
  method: MethodName;
  done(): Promise<void>;
}

export function TextForm({ setting, method, done }: Props) {
  const { call } = useRelay();
  const { name, about, expected } = setting;
  const before = setting.value ?? "";
  const [value, setValue] = useState(before);
  const title = titleOf(name);
  const field = {
    label: title,
    hint: `${about}. ${method === "changerelayicon" ? "An https address, or empty" : `Valid: ${expected}`}. ${deployedValue(setting)}`,
    value,
    change: setValue,
  };
  const icon = method === "changerelayicon" ? pictureUrl(value) : undefined;
  return (
    <div class="card">
      <DeedForm
        label="Save"
        isDisabled={value === before}
        act={async () => {
          await call(method, value);
          return {
            said: `${title} is changed.`,
            undo: {
              label: "Change it back",
              act: async () => {
                await call(method, before);
                await done();
                return `${title} is as it was before.`;
              },
            },
          };
        }}
        done={done}
      >
        {method === "changerelaydescription" ? <TextArea rows={4} {...field} /> : <TextField {...field} />}
        {icon !== undefined && <Picture key={icon} url={icon} label="The icon" />}
      </DeedForm>
    </div>
  );
}
