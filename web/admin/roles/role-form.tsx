/** Creates or describes a role. */
import { useState } from "preact/hooks";
import { TextArea, TextField } from "../../shared/forms/field.tsx";
import type { ListedRole } from "../../shared/management/answers.ts";
import { DeedForm } from "../parts/deed.tsx";
import { useRelay } from "../parts/relay.tsx";

interface Props {
  /** The role to describe; undefined to create one. */
  role: ListedRole | undefined;
  done(): Promise<void>;
  cancel?(): void;
}

const EMPTY = { id: "", label: "", description: "", color: "", order: "" };

export function RoleForm({ role, done, cancel }: Props) {
  const { call } = useRelay();
  const [fields, setFields] = useState(() =>
    role ? { ...role, color: String(role.color ?? ""), order: String(role.order ?? "") } : EMPTY,
  );
  const [problems, setProblems] = useState<Record<string, string>>({});
  const set = (name: keyof typeof EMPTY) => (value: string) => setFields({ ...fields, [name]: value });
  const { id, label, description, color, order } = fields;
  const field = (name: keyof typeof EMPTY) => ({
    value: fields[name],
    change: set(name),
    problem: problems[name],
  });
  return (
    <DeedForm
      label={role ? "Save" : "Create the role"}
      check={() => {
        const found = problemsOf(fields);
        setProblems(found);
        return Object.keys(found).length === 0;
      }}
      act={async () => {
        const method = role ? "editrole" : "createrole";
        await call(method, id.trim(), label, description, numberOf(color), numberOf(order));
        return { said: role ? `The role ${id} is saved.` : `The role ${id.trim()} is created.` };
      }}
      done={async () => {
        if (!role) setFields(EMPTY);
        await done();
      }}
      aside={
        cancel && (
          <button type="button" onClick={cancel}>
            Cancel
          </button>
        )
      }
    >
      {!role && (
        <TextField
          label="Id"
          hint="A short name without spaces, such as moderator. It cannot be changed later."
          {...field("id")}
        />
      )}
      <TextField
        label="Label"
        hint="What people see; the id if it is empty"
        maxLength={100}
        {...field("label")}
      />
      <TextArea label="Description" rows={2} {...field("description")} />
      <div class="columns narrow">
        <TextField
          label="Colour"
          hint="A hue from 0 to 360; may be empty"
          inputMode="numeric"
          {...field("color")}
        />
        <TextField label="Order" hint="Lower comes first; may be empty" {...field("order")} />
      </div>
    </DeedForm>
  );
}

function problemsOf({ id, description, color, order }: typeof EMPTY): Record<string, string> {
  const hue = numberOf(color);
  return {
    ...((id.trim() === "" || id.length > 64) && { id: "An id has 1 to 64 characters." }),
    ...(description.length > 500 && { description: "At most 500 characters." }),
    ...(hue !== null && !(hue >= 0 && hue <= 360) && { color: "A hue is a number from 0 to 360." }),
    ...(Number.isNaN(numberOf(order)) && { order: "This is not a whole number." }),
  };
}

function numberOf(text: string): number | null {
  if (text.trim() === "") return null;
  return /^-?\d{1,7}$/.test(text.trim()) ? Number(text) : Number.NaN;
}
