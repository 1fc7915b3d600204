/** What a value looks like: its type in words, and the fields of an object. */
import type { Schema } from "./api-document.ts";

/** Bounds beyond it say only that a number is one of JavaScript's. */
const LARGEST = Number.MAX_SAFE_INTEGER;

export function Type({ schema }: { schema: Schema }) {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split("/").at(-1) ?? "";
    return <a href={`#schema-${name}`}>{name}</a>;
  }
  if (schema.enum) return <>{schema.enum.map((value) => JSON.stringify(value)).join(" or ")}</>;
  if (schema.items)
    return (
      <>
        list of <Type schema={schema.items} />
      </>
    );
  return <>{[schema.type ?? "any"].flat().join(" or ") + boundsOf(schema)}</>;
}

function boundsOf({ minimum, maximum, maxLength, pattern, description }: Schema): string {
  if (minimum !== undefined && maximum !== undefined && maximum < LARGEST)
    return `, ${minimum} to ${maximum}`;
  if (maxLength !== undefined) return `, at most ${maxLength} characters`;
  if (pattern === undefined) return "";
  return description !== undefined && /characters/.test(description) ? `, ${description}` : `, ${pattern}`;
}

export function Fields({ schema }: { schema: Schema }) {
  const fields = Object.entries(schema.properties ?? {});
  if (fields.length === 0) return null;
  return (
    <ul class="schema-fields">
      {fields.map(([name, field]) => (
        <li key={name}>
          <code>{name}</code>
          {!schema.required?.includes(name) && <span class="badge">optional</span>}{" "}
          <span class="quiet">
            <Type schema={field} />
          </span>
          {field.description !== undefined && !field.pattern && <div>{field.description}</div>}
          <Fields schema={field.items ?? field} />
        </li>
      ))}
    </ul>
  );
}
