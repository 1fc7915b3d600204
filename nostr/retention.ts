/** Retention rules: for how long events of which kinds are kept (NIP-11). */

export interface RetentionRule {
  /** The first and the last kind. */
  kinds: readonly [first: number, last: number];
  /** Infinity: for ever. */
  seconds: number;
}

const MOST_KIND = 65_535;
const MOST_SECONDS = 4_000_000_000;

/** Parses text such as `7:86400,30000-39999:forever,*:2592000`. Returns undefined if it is not valid. */
export function parseRetention(text: string): RetentionRule[] | undefined {
  if (text.trim() === "") return [];
  const rules = text.split(",").map((part) => parseRule(part.trim()));
  return rules.every((rule) => rule !== undefined) ? rules : undefined;
}

function parseRule(text: string): RetentionRule | undefined {
  const [, all, first = "0", last = first, time = ""] =
    /^(?:(\*)|(\d{1,5})(?:-(\d{1,5}))?):(\d{1,10}|forever)$/.exec(text) ?? [];
  const kinds = all ? ([0, MOST_KIND] as const) : ([Number(first), Number(last)] as const);
  const seconds = time === "forever" ? Infinity : Number(time);
  const isValid =
    time !== "" &&
    kinds[0] <= kinds[1] &&
    kinds[1] <= MOST_KIND &&
    (seconds === Infinity || seconds <= MOST_SECONDS);
  return isValid ? { kinds, seconds } : undefined;
}

/** Returns for how long events of a kind are kept: by the first rule for it, and for ever if there is none. */
export function secondsKept(rules: readonly RetentionRule[], kind: number): number {
  return rules.find(({ kinds: [first, last] }) => kind >= first && kind <= last)?.seconds ?? Infinity;
}

/** Returns rules as NIP-11 writes them. A kind that no rule covers is kept for ever. */
export function retentionDocument(rules: readonly RetentionRule[]) {
  const described = rules.map(({ kinds: [first, last], seconds }) => ({
    ...((first !== 0 || last !== MOST_KIND) && { kinds: [first === last ? first : [first, last]] }),
    time: Number.isFinite(seconds) ? seconds : null,
  }));
  const coversAll = described.some(({ kinds }) => kinds === undefined);
  return coversAll ? described : [...described, { time: null }];
}
