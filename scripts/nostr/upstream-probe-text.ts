/** What a probe of a relay found out, as text. */
import type { ProbeReport, RelayDocument, RequestReport } from "./upstream-probe.ts";
import { countOf, timeOf } from "../shared/units.ts";

export function probeText(report: ProbeReport): string {
  const { url, document, openMilliseconds, request, negentropy } = report;
  const lines: [name: string, value: string][] = [
    ["document", "problem" in document ? `none: ${document.problem}` : documentOf(document)],
    ...("problem" in document ? [] : ([["limits", limitsOf(document)]] as [string, string][])),
    ["connection", openMilliseconds === undefined ? "failed" : `open after ${countOf(openMilliseconds)} ms`],
    ...(request ? ([["first event", requestOf(request)]] as [string, string][]) : []),
    ["AUTH", authOf(report)],
    ...(negentropy ? ([["NIP-77", negentropyOf(negentropy)]] as [string, string][]) : []),
  ];
  return [url, ...lines.map(([name, value]) => `  ${name.padEnd(12)} ${value}`)].join("\n");
}

function documentOf({ name, software, version, nips }: RelayDocument): string {
  const what = [JSON.stringify(name), software, version].filter((part) => part !== "").join(" ");
  return nips.length === 0 ? what : `${what}, NIPs ${nips.join(" ")}`;
}

function limitsOf({ limits }: RelayDocument): string {
  const entries = Object.entries(limits).map(
    ([name, value]) => `${name} ${typeof value === "number" ? countOf(value) : value}`,
  );
  return entries.length === 0 ? "it announces none" : entries.join(", ");
}

function requestOf(report: RequestReport): string {
  const { eventMilliseconds, eoseMilliseconds, event, invalid, refusal } = report;
  if (eventMilliseconds === undefined) return refusal === undefined ? "it has none" : `refused: ${refusal}`;
  const what = [
    `after ${countOf(eventMilliseconds)} ms`,
    ...(event ? [`kind ${event.kind} of ${timeOf(event.created_at)}`] : []),
    ...(invalid === undefined ? [] : [`invalid: ${invalid}`]),
    eoseMilliseconds === undefined ? `no EOSE: ${refusal}` : `EOSE after ${countOf(eoseMilliseconds)} ms`,
  ];
  return what.join(", ");
}

function authOf({ auth: { challenge, isRequired } }: ProbeReport): string {
  if (isRequired) return "required to read";
  return challenge ? "it sends a challenge, but answers without" : "not asked for";
}

function negentropyOf({ speaks, said }: NonNullable<ProbeReport["negentropy"]>): string {
  if (speaks) return said === "" ? "yes" : `yes, but it refused: ${said}`;
  return `no: ${said}`;
}
