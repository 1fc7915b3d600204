/** The form that says which events a page shows. Without scripts, the browser sends it as parameters of the page's address. */
import type { ComponentChildren, JSX } from "preact";
import type { FormFields } from "./event-parameters.ts";
import { kindName } from "./kind-names.ts";

interface FilterFormProps {
  /** The path of the page that shows the events. */
  action: string;
  fields: FormFields;
  /** Fields that only make sense for stored events. */
  children?: ComponentChildren;
  /** Why the relay or the page refuses the parameters. */
  problem?: string | undefined;
  /** The label of the button. */
  label: string;
  onSubmit?(submit: SubmitEvent): void;
}

const OFFERED_KINDS = [1, 1111, 6, 7, 0, 3, 30_023, 9735];

export function FilterForm({ action, fields, children, problem, label, onSubmit }: FilterFormProps) {
  const others = fields.kinds.filter((kind) => !OFFERED_KINDS.includes(kind));
  return (
    <form class="filter-form stack" method="get" action={action} role="search" onSubmit={onSubmit}>
      {problem !== undefined && (
        <div class="notice bad" role="alert" id="filter-problem">
          {problem}
        </div>
      )}
      <TextInput name="search" label="Words" value={fields.search} problem={problem} type="search" />
      <fieldset class="chips">
        <legend>Kinds</legend>
        <div>
          {OFFERED_KINDS.map((kind) => (
            <label key={kind}>
              <input type="checkbox" name="kinds" value={kind} checked={fields.kinds.includes(kind)} />
              <span>{kindName(kind)}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <TextInput
        name="authors"
        label="Authors"
        value={fields.authors}
        problem={problem}
        placeholder="npub1…"
        hint="npub1… or hex, several with spaces between"
      />
      <TextInput
        name="hashtags"
        label="Hashtags"
        value={fields.hashtags}
        problem={problem}
        refusedAs="tag.t"
        placeholder="#nostr #art"
      />
      {children}
      <details class="more" open={others.length > 0 || fields.tags.length > 0}>
        <summary>More fields</summary>
        <div class="stack">
          <TextInput
            name="kinds"
            label="Other kinds"
            value={others.join(", ")}
            problem={problem}
            placeholder="20, 1063"
            hint="Numbers from 0 to 65535"
          />
          {[...fields.tags, ""].map((tag, at) => (
            <TextInput
              key={at}
              id={`filter-tag-${at}`}
              name="tags"
              label={at === 0 ? "Tag" : "Another tag"}
              value={tag}
              problem={problem}
              refusedAs="tag\.[^t]"
              placeholder="e=note1…"
              hint={at === fields.tags.length ? "Its letter and its value: e=note1… or d=my-list" : undefined}
            />
          ))}
        </div>
      </details>
      <div class="row">
        <button type="submit" class="primary">
          {label}
        </button>
        <a class="button" href={action}>
          Clear
        </a>
      </div>
    </form>
  );
}

interface TextInputProps {
  name: string;
  label: string;
  value: string;
  problem: string | undefined;
  id?: string;
  type?: "text" | "search" | "date" | "datetime-local";
  placeholder?: string;
  hint?: string | undefined;
  /** A pattern for the name that a refusal gives to the parameter, if it is another. */
  refusedAs?: string;
}

export function TextInput({
  name,
  label,
  value,
  problem,
  id = `filter-${label.toLowerCase().replaceAll(" ", "-")}`,
  type = "text",
  placeholder,
  hint,
  refusedAs = name,
}: TextInputProps) {
  // A refusal begins with the name of the parameter: `authors has "bob"`.
  const isWrong = problem !== undefined && new RegExp(`^"?${refusedAs}"? `).test(problem);
  const described = [hint && `${id}-hint`, isWrong && "filter-problem"].filter(Boolean).join(" ");
  // The types of inputs are a union by `type`, which a variable cannot choose from.
  const attributes = {
    id,
    name,
    type,
    value,
    placeholder,
    autoComplete: "off",
    spellcheck: false,
    ...(type === "datetime-local" && { step: 1 }),
    ...(described !== "" && { "aria-describedby": described }),
    ...(isWrong && { "aria-invalid": true }),
  } as JSX.IntrinsicElements["input"];
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input {...attributes} />
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
