/** One dead letter in the list. */
import { shortId, shortKey } from "../../parts/links.ts";
import { Time } from "../../parts/time.tsx";
import type { Letter } from "../../shared/management/answers.ts";
import { useNow } from "../../shared/now.ts";
import { placeHref } from "../parts/place.ts";

interface Props {
  letter: Letter;
  isChosen: boolean;
  choose(isChosen: boolean): void;
}

export function LetterLine({ letter, isChosen, choose }: Props) {
  const now = useNow();
  const { id, upstream, event, pubkey, reason, at, attempts, isKept, redrive } = letter;
  return (
    <li class="line">
      <label class="check">
        <input
          type="checkbox"
          checked={isChosen}
          onChange={(change) => choose(change.currentTarget.checked)}
        />
        <span class="visually-hidden">Choose letter {id}</span>
      </label>
      <div class="grow">
        <a href={placeHref("dead-letters", "letter", String(id))}>
          <bdi>{reason}</bdi>
        </a>
        <p class="quiet">
          <bdi>{upstream || "an unknown upstream"}</bdi> · event <code>{shortId(event)}</code>
          {pubkey !== null && (
            <>
              {" "}
              by <code>{shortKey(pubkey)}</code>
            </>
          )}
          {attempts > 1 && ` · ${attempts} times`}
        </p>
        {!isKept && <span class="badge">too large to keep</span>}
        {redrive !== null && <span class="badge accent">is tried again</span>}
      </div>
      <span class="quiet">
        <Time at={at} now={now} />
      </span>
    </li>
  );
}
