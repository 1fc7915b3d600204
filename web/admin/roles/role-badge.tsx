/** A role in its colour. */
import type { ListedRole } from "../../shared/management/answers.ts";

export function RoleBadge({ role: { id, label, color } }: { role: ListedRole }) {
  return (
    <span class="role">
      <svg viewBox="0 0 10 10" aria-hidden="true">
        <circle cx="5" cy="5" r="5" fill={color === null ? "#888" : `hsl(${color} 65% 50%)`} />
      </svg>
      <bdi>{label || id}</bdi>
    </span>
  );
}
