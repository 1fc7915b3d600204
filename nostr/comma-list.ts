/** Splits a list such as `a,b` into its values. Inside a value, `\,` is a comma and `\\` a backslash. */

export function splitCommaList(text: string): string[] {
  return Array.from(`,${text}`.matchAll(/,((?:\\[\\,]|[^,])*)/g), ([, item = ""]) =>
    item.replace(/\\([\\,])/g, "$1"),
  );
}
