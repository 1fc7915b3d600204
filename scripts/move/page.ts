/** A part of an export. */
export interface Page<Place> {
  events: unknown[];
  /** Where the next page begins. Undefined after the last one. As JSON it is a place to go on. */
  next: Place | undefined;
}
