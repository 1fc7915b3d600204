/** How many events came in each of the last seconds, as small bars. The number beside it says the same in words. */

export function Sparkline({ counts }: { counts: number[] }) {
  const most = Math.max(1, ...counts);
  const bars = counts
    .map((count, at) => ({ at, height: (18 * count) / most }))
    .filter(({ height }) => height > 0)
    .map(({ at, height }) => `M${2 * at} 20v-${height.toFixed(1)}h1.5V20z`);
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${2 * counts.length} 20`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={bars.join("")} />
    </svg>
  );
}
