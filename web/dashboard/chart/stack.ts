/** Bars on top of each other. */
type Values = (number | null)[];

/** Returns for each list the sums with all lists before it. A hidden list adds nothing. */
export function stacked(lists: readonly Values[], isHidden: (at: number) => boolean): Values[] {
  let sums: Values = [];
  return lists.map((values, at) => {
    sums = values.map((value, step) => {
      const below = sums[step] ?? null;
      const own = isHidden(at) ? null : value;
      return own === null ? below : (below ?? 0) + own;
    });
    return sums;
  });
}
