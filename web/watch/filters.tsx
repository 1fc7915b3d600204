/** The filters of Watch: beside the events, and above them on a phone. */
import { formFields } from "../parts/event-parameters.ts";
import { FilterForm } from "../parts/filter-form.tsx";

interface FiltersProps {
  parameters: URLSearchParams;
  problem: string | undefined;
  submit(submitted: SubmitEvent): void;
}

export function Filters({ parameters, problem, submit }: FiltersProps) {
  const isWide = matchMedia("(min-width: 60rem)").matches;
  return (
    <details class="card filters" open={isWide || problem !== undefined}>
      <summary>
        Filters
        {parameters.size > 0 && <span class="badge">{parameters.size}</span>}
      </summary>
      <FilterForm
        action="/watch"
        fields={formFields(parameters)}
        problem={problem}
        label="Watch"
        onSubmit={submit}
      />
      <p class="quiet">
        <a href={`/explore${parameters.size > 0 ? `?${parameters}` : ""}`}>Look for older events</a>
      </p>
    </details>
  );
}
