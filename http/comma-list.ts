/** Several values in one text: `a,b`. A comma that belongs to a value is written `\,` and a backslash `\\`. */

export function splitCommaList(text: string): string[] {
  return Array.from(`,${text}`.matchAll(/,((?:\\[\\,]|[^,])*)/g), ([, item = ""]) =>
    item.replace(/\\([\\,])/g, "$1"),
  );
}
