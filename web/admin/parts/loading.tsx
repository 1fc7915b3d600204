/** Something that the relay is asked for when a section opens: it is awaited, there, or it failed. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { MethodName } from "../../../nostr/management.ts";
import { messageOf } from "../../shared/forms/message.ts";
import type { AnswerOf } from "../../shared/management/answers.ts";
import { useRelay } from "./relay.tsx";

export interface Loading<T> {
  /** The latest value; undefined before the first. */
  value: T | undefined;
  /** Why it could not be loaded the last time; empty if it could. */
  problem: string;
  isLoading: boolean;
  /** Resolves when it is there or has failed. */
  reload(): Promise<void>;
}

/** Asks the relay for the answer of a method. */
export function useAnswer<Method extends MethodName>(
  method: Method,
  ...params: unknown[]
): Loading<AnswerOf<Method>> {
  const { call } = useRelay();
  return useLoading(
    async () => (await call(method, ...params)).result,
    `${method} ${JSON.stringify(params)}`,
  );
}

/** Loads something when the component appears, and again when `key` changes. Until it is there, the value before stays. */
export function useLoading<T>(load: () => Promise<T>, key: string): Loading<T> {
  const [state, setState] = useState<Omit<Loading<T>, "reload">>({
    value: undefined,
    problem: "",
    isLoading: true,
  });
  const latest = useRef(0);
  async function reload() {
    const turn = (latest.current += 1);
    setState((known) => ({ ...known, isLoading: true }));
    try {
      const value = await load();
      if (turn === latest.current) setState({ value, problem: "", isLoading: false });
    } catch (error) {
      if (turn === latest.current)
        setState((known) => ({ ...known, problem: messageOf(error), isLoading: false }));
    }
  }
  useEffect(() => {
    void reload();
    return () => void (latest.current += 1);
  }, [key]);
  return { ...state, reload };
}

/** Shows what was loaded. A failure never looks like an empty answer, and leaves what was loaded before. */
export function Loaded<T>({
  of: { value, problem, isLoading, reload },
  children,
}: {
  of: Loading<T>;
  children(value: T): ComponentChildren;
}) {
  return (
    <>
      {problem !== "" && (
        <div role="alert" class="notice bad row">
          <span>{problem}</span>
          <button type="button" disabled={isLoading} onClick={() => void reload()}>
            Try again
          </button>
        </div>
      )}
      {value === undefined && isLoading && (
        <div class="skeleton" role="status">
          <span class="visually-hidden">Loading…</span>
        </div>
      )}
      {value !== undefined && children(value)}
    </>
  );
}
