/** Something that a person has started: whether it runs, and how it ended. */
import { useRef, useState } from "preact/hooks";
import { messageOf } from "./message.ts";

export interface Outcome {
  isRunning: boolean;
  /** Why it failed; empty if it did not. */
  problem: string;
  /** What happened, if it has ended well. */
  said: string;
}

export interface Action extends Outcome {
  /** Starts it, unless it runs already. Resolves with whether it ended well. `work` may resolve with what happened. */
  run(work: () => Promise<string | void>): Promise<boolean>;
  clear(): void;
}

const NOTHING: Outcome = { isRunning: false, problem: "", said: "" };

export function useAction(): Action {
  const [outcome, setOutcome] = useState(NOTHING);
  const isRunning = useRef(false);
  return {
    ...outcome,
    clear: () => setOutcome(NOTHING),
    async run(work) {
      if (isRunning.current) return false;
      isRunning.current = true;
      setOutcome({ ...NOTHING, isRunning: true });
      try {
        const said = await work();
        setOutcome({ ...NOTHING, said: said ?? "" });
        return true;
      } catch (error) {
        setOutcome({ ...NOTHING, problem: messageOf(error) });
        return false;
      } finally {
        isRunning.current = false;
      }
    },
  };
}
