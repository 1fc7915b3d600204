/** Catches what goes wrong while a section is drawn, so that the others still work. */
import { Component, type ComponentChildren } from "preact";
import { messageOf } from "../../shared/forms/message.ts";

export class Guard extends Component<{ children: ComponentChildren }, { error?: unknown }> {
  static override getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (!("error" in this.state)) return this.props.children;
    return (
      <div role="alert" class="notice bad">
        This section cannot be shown: {messageOf(this.state.error)} The relay may have been deployed again
        since you opened the page: reload it.
      </div>
    );
  }
}
