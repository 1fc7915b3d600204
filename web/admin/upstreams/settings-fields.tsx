/** Fields for the settings of an upstream. */
import { Choice } from "../../shared/forms/choice.tsx";
import { CheckField, TextArea, TextField } from "../../shared/forms/field.tsx";
import { EMPTY_FILTER, type FilterText } from "./filter-text.ts";
import type { Problems, SettingsText } from "./settings-text.ts";

const MOST_FILTERS = 20;

interface Props {
  text: SettingsText;
  problems: Problems;
  change(text: SettingsText): void;
}

export function SettingsFields({ text, problems, change }: Props) {
  const set = (changed: Partial<SettingsText>) => change({ ...text, ...changed });
  return (
    <>
      <Choice
        label="Direction"
        value={text.direction}
        change={(direction) => set({ direction })}
        options={[
          ["in", "Pull its events"],
          ["out", "Publish there"],
          ["both", "Both"],
        ]}
      />
      <Filters text={text} problems={problems} change={change} />
      <div class="columns narrow">
        <TextField
          label="Seconds between two pulls"
          hint="60 to 86400; empty for the setting PULL_INTERVAL"
          inputMode="numeric"
          problem={problems["interval"]}
          value={text.interval}
          change={(interval) => set({ interval })}
        />
        <TextField
          label="Days of history"
          hint="How far back the first pull goes: a number of days, all, or empty for the setting PULL_HISTORY"
          problem={problems["history"]}
          value={text.history}
          change={(history) => set({ history })}
        />
        <TextField
          label="Requests in a minute"
          hint="1 to 6000; empty for no limit"
          inputMode="numeric"
          problem={problems["rate"]}
          value={text.rate}
          change={(rate) => set({ rate })}
        />
      </div>
      <CheckField
        label="Live mode"
        hint="Keeps a connection open, on which new events arrive at once. On Cloudflare this keeps an object awake: 4.15 dollars a month for each upstream."
        isChecked={text.live}
        change={(live) => set({ live })}
      />
    </>
  );
}

function Filters({ text, problems, change }: Props) {
  const { filters } = text;
  const setFilters = (changed: FilterText[]) => change({ ...text, filters: changed });
  return (
    <div class="stack">
      <p class="quiet">
        What is asked for, or published. Empty fields match everything. An event must match all fields of a
        filter, and one of the filters.
      </p>
      {filters.map((filter, at) => (
        <fieldset key={at} class="card filter">
          <legend>{filters.length === 1 ? "Filter" : `Filter ${at + 1}`}</legend>
          <FilterFields
            filter={filter}
            problemOf={(field) => problems[`filters.${at}.${field}`]}
            change={(changed) => setFilters(filters.with(at, changed))}
          />
          {filters.length > 1 && (
            <button type="button" onClick={() => setFilters(filters.toSpliced(at, 1))}>
              Remove filter {at + 1}
            </button>
          )}
        </fieldset>
      ))}
      {filters.length < MOST_FILTERS && (
        <button type="button" onClick={() => setFilters([...filters, EMPTY_FILTER])}>
          Add a filter
        </button>
      )}
    </div>
  );
}

interface FilterProps {
  filter: FilterText;
  problemOf(field: keyof FilterText): string | undefined;
  change(filter: FilterText): void;
}

function FilterFields({ filter, problemOf, change }: FilterProps) {
  const field = (name: keyof FilterText) => ({
    value: filter[name],
    problem: problemOf(name),
    change: (value: string) => change({ ...filter, [name]: value }),
  });
  return (
    <div class="columns narrow">
      <TextField label="Kinds" hint="Such as 0, 1, 3" {...field("kinds")} />
      <TextArea label="Authors" hint="Public keys, one a line" rows={2} isCode {...field("authors")} />
      <TextArea label="Tags" hint="One a line, such as t: nostr, relay" rows={2} isCode {...field("tags")} />
    </div>
  );
}
