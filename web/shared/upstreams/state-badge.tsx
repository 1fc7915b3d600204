/** The state of an upstream as a badge. */
import type { UpstreamStatus } from "../management/answers.ts";
import { STATES } from "./state.ts";

export function StateBadge({ state }: { state: UpstreamStatus["state"] }) {
  const { label, tone } = STATES[state];
  return <span class={`badge ${tone}`}>{label}</span>;
}
