/** Dead letters: events of upstreams that could not be stored. */
import { useState } from "preact/hooks";
import { SelectField } from "../../shared/forms/field.tsx";
import type { Letter } from "../../shared/management/answers.ts";
import { Loaded, useAnswer } from "../parts/loading.tsx";
import { goTo, type Place } from "../parts/place.ts";
import { Empty, Section } from "../parts/section.tsx";
import { ShortList } from "../parts/short-list.tsx";
import { LetterLine } from "./letter-line.tsx";
import { OneLetter } from "./one-letter.tsx";
import { countedReasons } from "./reasons.ts";
import { LetterDeeds } from "./letter-deeds.tsx";

/** The most that one call answers. */
const MOST_LETTERS = 1000;

export function Letters({ place: { rest } }: { place: Place }) {
  const [what = "", value = ""] = rest;
  return what === "letter" ? (
    <OneLetter id={value} />
  ) : (
    <LetterList upstream={what === "from" ? value : ""} />
  );
}

/** `upstream` is empty for the letters of all. */
function LetterList({ upstream }: { upstream: string }) {
  const loading = useAnswer("listdeadletters", MOST_LETTERS, upstream === "" ? null : upstream);
  return (
    <Section
      title="Dead letters"
      about="Events of upstreams that could not be stored, with the reason. They are kept for 30 days. Trying them again helps if the reason is gone, such as a limit that was raised or a database that was full."
      of={loading}
    >
      <Loaded of={loading}>
        {({ letters, total, dropped }) => (
          <>
            {dropped > 0 && (
              <p class="notice warning">
                {dropped.toLocaleString("en")} older ones were removed because there were too many or they
                were too old.
              </p>
            )}
            {total === 0 ? (
              <Empty title="There are no dead letters.">
                Every event of the upstreams was stored, or refused on purpose.
              </Empty>
            ) : (
              <Listed
                key={upstream}
                letters={letters}
                total={total}
                upstream={upstream}
                done={loading.reload}
              />
            )}
          </>
        )}
      </Loaded>
    </Section>
  );
}

interface ListedProps {
  letters: Letter[];
  total: number;
  upstream: string;
  done(): Promise<void>;
}

function Listed({ letters, total, upstream, done }: ListedProps) {
  const [reason, setReason] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const upstreams = [...new Set([...letters.map((letter) => letter.upstream), upstream])]
    .filter(Boolean)
    .toSorted();
  const reasons = countedReasons(letters);
  const found = letters.filter((letter) => reason === "" || letter.reason === reason);
  // A letter may be gone since it was chosen.
  const ids = found.flatMap(({ id }) => (chosen.has(id) ? [id] : []));
  function choose(id: number, isChosen: boolean) {
    const next = new Set(chosen);
    if (isChosen) next.add(id);
    else next.delete(id);
    setChosen(next);
  }
  return (
    <>
      <p class="quiet">
        {total.toLocaleString("en")} in all
        {letters.length < total && `; these are the latest ${letters.length.toLocaleString("en")}`}.
      </p>
      <div class="columns narrow">
        <SelectField
          label="From"
          value={upstream}
          change={(url) => (url === "" ? goTo("dead-letters") : goTo("dead-letters", "from", url))}
          options={[["", "All upstreams"], ...upstreams.map((url) => [url, url] as const)]}
        />
        <SelectField
          label="Reason"
          value={reason}
          change={setReason}
          options={[
            ["", "All reasons"],
            ...reasons.map(([text, count]) => [text, `${text.slice(0, 80)} (${count})`] as const),
          ]}
        />
      </div>
      <LetterDeeds
        ids={ids}
        shown={found.map(({ id }) => id)}
        choose={(all) => setChosen(new Set(all))}
        upstream={upstream}
        total={total}
        done={async () => {
          setChosen(new Set());
          await done();
        }}
      />
      <ShortList items={found}>
        {(letter) => (
          <LetterLine
            key={letter.id}
            letter={letter}
            isChosen={chosen.has(letter.id)}
            choose={(isChosen) => choose(letter.id, isChosen)}
          />
        )}
      </ShortList>
    </>
  );
}
