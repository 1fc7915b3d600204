/** The parameters in the address of Watch. The form changes them, and Back restores them. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { linkParameters } from "../parts/event-parameters.ts";

interface UsedParameters {
  parameters: URLSearchParams;
  /** Changes when the fields of the form must be filled in again: after Back, not after the person has sent it. */
  formNumber: number;
  submit(submitted: SubmitEvent): void;
}

export function useParameters(): UsedParameters {
  const [parameters, setParameters] = useState(parametersOfPage);
  const [formNumber, setFormNumber] = useState(0);
  useEffect(() => {
    const restore = () => {
      setParameters(parametersOfPage());
      setFormNumber((number) => number + 1);
    };
    addEventListener("popstate", restore);
    return () => removeEventListener("popstate", restore);
  }, []);
  const submit = useCallback((submitted: SubmitEvent) => {
    submitted.preventDefault();
    const fields = new FormData(submitted.currentTarget as HTMLFormElement);
    const given = [...fields].map(([name, value]) => [name, typeof value === "string" ? value : ""]);
    const next = linkParameters(new URLSearchParams(given));
    history.pushState(undefined, "", `/watch${next.size > 0 ? `?${next}` : ""}`);
    setParameters(next);
  }, []);
  return { parameters, formNumber, submit };
}

function parametersOfPage(): URLSearchParams {
  return linkParameters(new URLSearchParams(location.search));
}
