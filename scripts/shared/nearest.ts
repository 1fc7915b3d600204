/** Finds the name that a user with a typo probably meant. */

/** Returns `, did you mean X?`, or empty text if no name is similar. */
export function didYouMean(given: string, names: readonly string[], prefix = ""): string {
  const near = nearest(given, names).map((name) => `${prefix}${name}`);
  return near.length === 0 ? "" : `, did you mean ${near.join(" or ")}?`;
}

/** Returns the most similar name, or else up to three names that begin or end like this. Ignores case. */
function nearest(given: string, names: readonly string[]): string[] {
  const wanted = given.toLowerCase();
  const most = Math.max(1, Math.floor(wanted.length / 3));
  const [best] = names
    .map((name) => ({ name, distance: distanceOf(wanted, name.toLowerCase()) }))
    .filter(({ distance }) => distance <= most)
    .toSorted((a, b) => a.distance - b.distance);
  return best ? [best.name] : names.filter((name) => beginsOrEnds(wanted, name.toLowerCase())).slice(0, 3);
}

/** Matches part of a name: "ban" for "banpubkey", "limit" for "MAX_LIMIT". */
function beginsOrEnds(given: string, name: string): boolean {
  return given.length >= 3 && (name.startsWith(given) || name.endsWith(given));
}

/** Returns how many letters must be added, removed, changed or swapped with a neighbour. */
function distanceOf(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1];
      const changed = at(rows, i - 1, j - 1) + (isSame ? 0 : 1);
      const least = Math.min(changed, at(rows, i - 1, j) + 1, (row[j - 1] ?? 0) + 1);
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      row.push(isSwapped ? Math.min(least, at(rows, i - 2, j - 2) + 1) : least);
    }
    rows.push(row);
  }
  return at(rows, from.length, to.length);
}

function at(rows: number[][], i: number, j: number): number {
  return rows[i]?.[j] ?? 0;
}
