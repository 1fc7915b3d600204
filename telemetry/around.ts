/** Runs work, and calls `ended` when it has ended: at once, or if it returns a promise, when that is settled. */
export function around<T>(work: () => T, ended: (failure: { error: unknown } | undefined) => void): T {
  let result: T;
  try {
    result = work();
  } catch (error) {
    ended({ error });
    throw error;
  }
  if (!isThenable(result)) {
    ended(undefined);
    return result;
  }
  return Promise.resolve(result).then(
    (value) => {
      ended(undefined);
      return value;
    },
    (error: unknown) => {
      ended({ error });
      throw error;
    },
  ) as T;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | undefined | null)?.then === "function";
}
