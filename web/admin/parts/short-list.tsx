/** A long list, of which a part is shown at first. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

const STEP = 100;

export function ShortList<T>({
  items,
  step = STEP,
  children,
}: {
  items: readonly T[];
  step?: number;
  children(item: T): ComponentChildren;
}) {
  const [shown, setShown] = useState(step);
  return (
    <>
      <ul class="lines">{items.slice(0, shown).map(children)}</ul>
      {items.length > shown && (
        <button type="button" onClick={() => setShown(shown + step)}>
          Show more ({(items.length - shown).toLocaleString("en")} left)
        </button>
      )}
    </>
  );
}
