/** What the information document of an upstream says (NIP-11). */
export interface Announced {
  /** Maximum number of events in one answer. Absent: it does not say. */
  maxLimit?: number;
  /** Whether it says that it speaks NIP-77. Absent: it has no document, or that cannot be read now. */
  speaksNegentropy?: boolean;
  /** Whether it says that it answers COUNT (NIP-45). */
  counts?: boolean;
}
