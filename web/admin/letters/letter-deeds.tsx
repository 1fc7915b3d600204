/** Tries dead letters again, or removes them: the chosen ones, those of an upstream, or all. */
import { Deed } from "../parts/deed.tsx";
import { useRelay } from "../parts/relay.tsx";

interface Props {
  /** The chosen ones. */
  ids: number[];
  /** Those that are shown. */
  shown: number[];
  choose(ids: number[]): void;
  /** Empty: of all upstreams. */
  upstream: string;
  total: number;
  done(): Promise<void>;
}

export function LetterDeeds({ ids, shown, choose, upstream, total, done }: Props) {
  const { call } = useRelay();
  const which = ids.length > 0 ? ids : upstream || "all";
  const what = whatIs(ids.length, upstream, total);
  return (
    <div class="row letter-bar">
      <label class="check">
        <input
          type="checkbox"
          checked={ids.length > 0 && ids.length === shown.length}
          onChange={(change) => choose(change.currentTarget.checked ? shown : [])}
        />
        <span>{ids.length > 0 ? `${ids.length} chosen` : "Choose all"}</span>
      </label>
      <Deed
        label="Try again"
        about={what}
        question={{
          title: `Try ${what} again?`,
          text: (
            <p>
              They are queued within about a minute, and removed from this list. What fails again comes back.
              Those whose event was too large to keep stay: only a pull can bring them.
            </p>
          ),
          button: "Try again",
        }}
        act={async () => ({ said: `${(await call("redrivedeadletters", which)).message}.` })}
        done={done}
      />
      <Deed
        label="Remove"
        about={what}
        tone="danger"
        question={{
          title: `Remove ${what}?`,
          text: (
            <p>
              The events are lost here, unless an upstream still has them and a backfill asks for them again.
            </p>
          ),
          button: "Remove",
        }}
        act={async () => ({ said: `${(await call("purgedeadletters", which)).message}.` })}
        done={done}
      />
    </div>
  );
}

function whatIs(chosen: number, upstream: string, total: number): string {
  if (chosen > 0) return chosen === 1 ? "1 dead letter" : `${chosen} dead letters`;
  return upstream === ""
    ? `all ${total.toLocaleString("en")} dead letters`
    : `all dead letters of ${upstream}`;
}
