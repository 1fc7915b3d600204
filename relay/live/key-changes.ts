/** Changes to the keys that a hub wants. A home feed has hundreds, so a key is joined to a text only when it is sent. */

/** Keys of one condition, such as the authors of a filter. `subscription-index.ts` makes them. */
export interface Keys {
  condition: string;
  values: string[];
}

export class KeyChanges {
  private readonly byCondition = new Map<string, Map<string, boolean>>();

  /** Notes that a key became wanted or unwanted. A change and its opposite cancel out. */
  add(condition: string, value: string, isWanted: boolean): void {
    let changes = this.byCondition.get(condition);
    if (!changes) this.byCondition.set(condition, (changes = new Map()));
    if (!changes.delete(value)) changes.set(value, isWanted);
  }

  /** Returns whether one of these keys has changed. */
  hasOneOf({ condition, values }: Keys): boolean {
    const changes = this.byCondition.get(condition);
    return changes !== undefined && changes.size > 0 && values.some((value) => changes.has(value));
  }

  /** Yields each changed key, and whether it is wanted. */
  *[Symbol.iterator](): Iterator<[key: string, isWanted: boolean]> {
    for (const [condition, changes] of this.byCondition) {
      for (const [value, isWanted] of changes) yield [condition + value, isWanted];
    }
  }
}
