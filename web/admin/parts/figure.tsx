/** A number with its name. */
interface Props {
  name: string;
  value: number | string;
  isBad?: boolean;
}

export function Figure({ name, value, isBad = false }: Props) {
  return (
    <div class={`figure ${isBad ? "bad" : ""}`}>
      <strong>{typeof value === "number" ? value.toLocaleString("en") : value}</strong>
      <span>{name}</span>
    </div>
  );
}
