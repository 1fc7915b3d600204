/** What became of an action, for eyes and screen readers. It is always in the page, so that readers notice a change. */
import type { Outcome } from "./action.ts";

export function Said({ problem, said }: Outcome) {
  return (
    <>
      <div role="alert" class={problem && "notice bad"}>
        {problem}
      </div>
      <div role="status" class={said && "notice good"}>
        {said}
      </div>
    </>
  );
}
