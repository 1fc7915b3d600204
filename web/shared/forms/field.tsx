/** A labelled input with a hint and, if its value is refused, the reason. */
import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";

interface Labels {
  label: string;
  hint?: ComponentChildren;
  /** Why the value is refused. */
  problem?: string | undefined;
}

interface Values {
  value: string;
  change(value: string): void;
}

interface InputProps extends Labels, Values {
  type?: "text" | "password" | "search" | "datetime-local";
  required?: boolean;
  placeholder?: string;
  inputMode?: "text" | "numeric" | "url";
  maxLength?: number;
}

interface AreaProps extends Labels, Values {
  rows?: number;
  required?: boolean;
  placeholder?: string;
  isCode?: boolean;
}

export function TextField({ label, hint, problem, value, change, ...native }: InputProps) {
  const id = useId();
  // The types of inputs are a union by `type`, which a variable cannot choose from.
  const attributes = { type: "text", ...native } as JSX.IntrinsicElements["input"];
  return (
    <Frame id={id} label={label} hint={hint} problem={problem}>
      <input
        autoComplete="off"
        spellcheck={false}
        {...attributes}
        {...described(id, hint, problem)}
        value={value}
        onInput={(event) => change(event.currentTarget.value)}
      />
    </Frame>
  );
}

export function TextArea({ label, hint, problem, value, change, isCode = false, ...native }: AreaProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} problem={problem}>
      <textarea
        {...native}
        {...described(id, hint, problem)}
        class={isCode ? "mono" : ""}
        spellcheck={!isCode}
        value={value}
        onInput={(event) => change(event.currentTarget.value)}
      />
    </Frame>
  );
}

export function SelectField<Value extends string>({
  label,
  hint,
  problem,
  value,
  change,
  options,
}: Labels & {
  value: Value;
  change(value: Value): void;
  options: readonly (readonly [Value, string])[];
}) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} problem={problem}>
      <select
        {...described(id, hint, problem)}
        value={value}
        onChange={(event) => change(event.currentTarget.value as Value)}
      >
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </Frame>
  );
}

interface CheckProps extends Labels {
  isChecked: boolean;
  change(isChecked: boolean): void;
}

export function CheckField({ label, hint, problem, isChecked, change }: CheckProps) {
  const id = useId();
  return (
    <div class="field">
      <label class="check" for={id}>
        <input
          type="checkbox"
          {...described(id, hint, problem)}
          checked={isChecked}
          onChange={(event) => change(event.currentTarget.checked)}
        />
        <span>{label}</span>
      </label>
      <Notes id={id} hint={hint} problem={problem} />
    </div>
  );
}

function Frame({ id, label, hint, problem, children }: Labels & { id: string; children: ComponentChildren }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      <Notes id={id} hint={hint} problem={problem} />
    </div>
  );
}

function Notes({ id, hint, problem }: Omit<Labels, "label"> & { id: string }) {
  return (
    <>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {problem && (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </>
  );
}

function described(id: string, hint: ComponentChildren, problem: string | undefined) {
  const by = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ");
  return { id, ...(by !== "" && { "aria-describedby": by }), ...(problem && { "aria-invalid": true }) };
}
