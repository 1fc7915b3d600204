/** The trace that the running work belongs to, for the log. */

let active: () => string | undefined = () => undefined;

/** Returns the id of the active trace, 32 hexadecimal digits; undefined if nothing is recorded. */
export function activeTraceId(): string | undefined {
  return active();
}

/** Called once, by what records spans. */
export function setActiveTrace(find: () => string | undefined): void {
  active = find;
}
