/** A part that is loaded when it is needed, because most who look at the page never need it. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

export function Late<Module>({
  load,
  children,
}: {
  load(): Promise<Module>;
  children(module: Module): ComponentChildren;
}) {
  const [state, setState] = useState<{ module?: Module; isFailed: boolean }>({ isFailed: false });
  useEffect(() => {
    load().then(
      (module) => setState({ module, isFailed: false }),
      () => setState({ isFailed: true }),
    );
  }, []);
  if (state.module) return children(state.module);
  return state.isFailed ? (
    <p role="alert" class="notice bad">
      A part of this page could not be loaded. Reload the page.
    </p>
  ) : (
    <p role="status">Loading…</p>
  );
}
