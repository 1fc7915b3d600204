/** Changes that a person makes: by a button, or by a form. Both may first say what will happen and ask whether that is wanted. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { useAction } from "../../shared/forms/action.ts";
import { messageOf } from "../../shared/forms/message.ts";
import { Said } from "../../shared/forms/said.tsx";
import { Ask, type Question } from "./ask.tsx";
import { type Done, useNotices } from "./notices.tsx";

interface Change {
  label: string;
  tone?: "primary" | "danger" | "plain";
  question?: Question | undefined;
  /** Resolves when it has happened. `reason` is empty unless the question asks for it. */
  act(reason: string): Promise<Done>;
  /** Called when it has happened; resolves when the page shows it. */
  done?(): void | Promise<void>;
}

interface ButtonProps extends Change {
  /** What the button is about, for those who hear it without its surroundings. */
  about?: string;
  isDisabled?: boolean;
}

export function Deed(props: ButtonProps) {
  const { label, about, tone, question, isDisabled = false } = props;
  const [isAsking, setAsking] = useState(false);
  const action = useAction();
  const { tell, tellProblem } = useNotices();
  async function actAtOnce() {
    await action.run(async () => {
      try {
        tell(await props.act(""));
      } catch (error) {
        tellProblem(`${label}: ${messageOf(error)}`);
        return;
      }
      await finish(props.done);
    });
  }
  return (
    <>
      <button
        type="button"
        class={tone}
        disabled={action.isRunning || isDisabled}
        {...(about !== undefined && { "aria-label": `${label}: ${about}` })}
        onClick={() => (question ? setAsking(true) : void actAtOnce())}
      >
        {label}
        {action.isRunning && "…"}
      </button>
      {isAsking && question && (
        <Ask
          question={question}
          isDanger={tone === "danger"}
          act={props.act}
          close={() => setAsking(false)}
          done={async (outcome) => {
            tell(outcome);
            await finish(props.done);
          }}
        />
      )}
    </>
  );
}

interface FormProps extends Change {
  children: ComponentChildren;
  /** Returns whether what was typed is valid; otherwise the fields say what is wrong. */
  check?(): boolean;
  /** Whether there is nothing to submit yet. */
  isDisabled?: boolean;
  /** Another button beside the one that submits. */
  aside?: ComponentChildren;
}

/** The fields keep what was typed until the change has happened. */
export function DeedForm(props: FormProps) {
  const { label, tone = "primary", question, children, check, aside, isDisabled = false } = props;
  const [isAsking, setAsking] = useState(false);
  const action = useAction();
  const { tell } = useNotices();
  const succeed = async (outcome: Done) => {
    tell(outcome);
    await finish(props.done);
  };
  function submit() {
    if (check && !check()) return;
    if (question) setAsking(true);
    else void action.run(async () => succeed(await props.act("")));
  }
  return (
    <>
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {children}
        <Said {...action} />
        <div class="row">
          <button type="submit" class={tone} disabled={action.isRunning || isDisabled}>
            {action.isRunning ? "Waiting for the relay…" : label}
          </button>
          {aside}
        </div>
      </form>
      {isAsking && question && (
        <Ask
          question={question}
          isDanger={tone === "danger"}
          act={props.act}
          close={() => setAsking(false)}
          done={succeed}
        />
      )}
    </>
  );
}

/** What had the focus may be gone from the page: then the section has it. */
async function finish(done: Change["done"]): Promise<void> {
  await done?.();
  if (document.activeElement === document.body)
    document.querySelector<HTMLElement>(".section h2")?.focus({ preventScroll: true });
}
