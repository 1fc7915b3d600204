/** A choice of one of a few, of which all are seen. */
import { useId } from "preact/hooks";

export function Choice<Value extends string>({
  label,
  value,
  change,
  options,
}: {
  label: string;
  value: Value;
  change(value: Value): void;
  options: readonly (readonly [Value, string])[];
}) {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend>{label}</legend>
      <div>
        {options.map(([option, text]) => (
          <label key={option}>
            <input
              type="radio"
              name={name}
              value={option}
              checked={option === value}
              onChange={() => change(option)}
            />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
