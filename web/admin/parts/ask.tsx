/** A dialog that says what will happen and asks whether that is wanted. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { useAction } from "../../shared/forms/action.ts";
import { TextField } from "../../shared/forms/field.tsx";
import { Said } from "../../shared/forms/said.tsx";
import type { Done } from "./notices.tsx";

export interface Question {
  title: string;
  /** What will happen. */
  text: ComponentChildren;
  button: string;
  /** The label of a field for a reason. Absent: no reason is asked for. */
  reason?: string;
}

interface Props {
  question: Question;
  isDanger: boolean;
  act(reason: string): Promise<Done>;
  done(outcome: Done): Promise<void>;
  close(): void;
}

/** It stays, with what was typed, until it has happened or the person says no. */
export function Ask({ question, isDanger, act, done, close }: Props) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState("");
  const action = useAction();
  useEffect(() => dialog.current?.showModal(), []);
  async function confirm() {
    let outcome: Done | undefined;
    await action.run(async () => {
      outcome = await act(reason.trim());
    });
    if (!outcome) return;
    dialog.current?.close();
    await done(outcome);
  }
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onClose={close}
      onCancel={(event) => {
        if (action.isRunning) event.preventDefault();
      }}
    >
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void confirm();
        }}
      >
        <h2 id={id}>{question.title}</h2>
        <div class="stack">{question.text}</div>
        {question.reason !== undefined && (
          <TextField label={question.reason} maxLength={500} value={reason} change={setReason} />
        )}
        <Said {...action} />
        <div class="row end">
          <button type="button" disabled={action.isRunning} onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class={isDanger ? "danger filled" : "primary"} disabled={action.isRunning}>
            {action.isRunning ? "Waiting for the relay…" : question.button}
          </button>
        </div>
      </form>
    </dialog>
  );
}
