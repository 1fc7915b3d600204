/** What has happened on this page, above its section, each with a way back where there is one. */
import { type ComponentChildren, createContext } from "preact";
import { useContext, useState } from "preact/hooks";
import { safeUrl } from "../../parts/safe-url.ts";
import { useAction } from "../../shared/forms/action.ts";

/** How something that was done is taken back. Resolves with what happened then. */
export interface Undo {
  label: string;
  act(): Promise<string>;
}

export interface Done {
  said: string;
  undo?: Undo;
  /** The http(s) address of a page with more. */
  link?: string;
}

interface Notice extends Done {
  id: number;
  isProblem: boolean;
}

interface Notices {
  tell(done: Done): void;
  tellProblem(problem: string): void;
}

const MOST_NOTICES = 5;
const NoticesContext = createContext<Notices | undefined>(undefined);

let lastId = 0;

export function NoticesProvider({ children }: { children: ComponentChildren }) {
  const [notices, setNotices] = useState<Notice[]>([]);
  const add = (done: Done, isProblem: boolean) => {
    lastId += 1;
    const notice = { ...done, isProblem, id: lastId };
    setNotices((known) => [notice, ...known].slice(0, MOST_NOTICES));
  };
  const remove = (id: number) => setNotices((known) => known.filter((one) => one.id !== id));
  const value: Notices = {
    tell: (done) => add(done, false),
    tellProblem: (said) => add({ said }, true),
  };
  return (
    <NoticesContext.Provider value={value}>
      <div class="notices" role="log" aria-label="What has happened">
        {notices.map((notice) => (
          <NoticeLine key={notice.id} notice={notice} dismiss={() => remove(notice.id)} />
        ))}
      </div>
      {children}
    </NoticesContext.Provider>
  );
}

export function useNotices(): Notices {
  const notices = useContext(NoticesContext);
  if (!notices) throw new Error("this is not inside of a NoticesProvider");
  return notices;
}

function NoticeLine({ notice, dismiss }: { notice: Notice; dismiss(): void }) {
  const { isProblem, said, undo, link } = notice;
  const action = useAction();
  const text = action.problem || action.said || said;
  return (
    <div class={`notice row ${isProblem || action.problem !== "" ? "bad" : "good"}`}>
      <span class="grow">{text}</span>
      {link !== undefined && safeUrl(link) && (
        <a class="button" href={link} target="_blank" rel="noreferrer nofollow">
          Open
        </a>
      )}
      {undo && action.said === "" && (
        <button type="button" disabled={action.isRunning} onClick={() => void action.run(undo.act)}>
          {undo.label}
        </button>
      )}
      <button type="button" class="plain" aria-label={`Dismiss: ${text}`} onClick={dismiss}>
        ×
      </button>
    </div>
  );
}
