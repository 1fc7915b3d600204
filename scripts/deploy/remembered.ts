/** What an operator chose for a relay. The relay Worker keeps it as a variable, so that the next run needs no options. */

const VARIABLE = "DEPLOYED_WITH";

export interface Remembered {
  isFree: boolean;
  hasAggregator: boolean;
  domain?: string | undefined;
}

/** Returns the choices of the last run. Relays that were deployed without them have an aggregator. */
export function remembered(variables: Record<string, string> = {}): Remembered {
  const usual: Remembered = { isFree: false, hasAggregator: true };
  try {
    return { ...usual, ...(JSON.parse(variables[VARIABLE] ?? "{}") as Partial<Remembered>) };
  } catch {
    return usual;
  }
}

/** Returns the variable that keeps these choices. */
export function remember({ isFree, hasAggregator, domain }: Remembered): Record<string, string> {
  return { [VARIABLE]: JSON.stringify({ isFree, hasAggregator, domain }) };
}
