/** The audit log: who changed what, and when. */
import { useState } from "preact/hooks";
import { isMethod, METHODS } from "../../../nostr/management.ts";
import { nameOf } from "../../parts/profile.ts";
import { shortKey } from "../../parts/links.ts";
import { Time } from "../../parts/time.tsx";
import { SelectField, TextField } from "../../shared/forms/field.tsx";
import type { AuditLine } from "../../shared/management/answers.ts";
import { Loaded, useAnswer } from "../parts/loading.tsx";
import { useNow } from "../../shared/now.ts";
import { Person } from "../parts/person.tsx";
import { useProfiles } from "../parts/relay.tsx";
import { Empty, Section } from "../parts/section.tsx";
import { ShortList } from "../parts/short-list.tsx";

export function Audit() {
  const loading = useAnswer("listauditlog");
  return (
    <Section
      title="Audit log"
      about="The last 1,000 changes by admins, also those that the relay refused. Nobody can change the log."
      of={loading}
    >
      <Loaded of={loading}>
        {(lines) =>
          lines.length === 0 ? <Empty title="No admin has changed anything yet." /> : <Log lines={lines} />
        }
      </Loaded>
    </Section>
  );
}

function Log({ lines }: { lines: AuditLine[] }) {
  const [search, setSearch] = useState("");
  const [who, setWho] = useState("");
  const [method, setMethod] = useState("");
  const admins = [...new Set(lines.map(({ pubkey }) => pubkey))];
  const methods = [...new Set(lines.map((line) => line.method))].toSorted();
  const profiles = useProfiles(admins);
  const wanted = search.trim().toLowerCase();
  const found = lines.filter(
    (line) =>
      (who === "" || line.pubkey === who) &&
      (method === "" || line.method === method) &&
      JSON.stringify([line.method, line.params, line.outcome]).toLowerCase().includes(wanted),
  );
  return (
    <>
      <div class="columns narrow">
        <TextField type="search" label="Search" value={search} change={setSearch} />
        <SelectField
          label="Admin"
          value={who}
          change={setWho}
          options={[["", "All"], ...admins.map((key) => [key, nameOf(key, profiles)] as const)]}
        />
        <SelectField
          label="What"
          value={method}
          change={setMethod}
          options={[["", "All"], ...methods.map((one) => [one, one] as const)]}
        />
      </div>
      {found.length === 0 && <Empty title="No change matches." />}
      <ShortList items={found.map((line, index) => ({ line, index }))}>
        {({ line, index }) => <Line key={index} line={line} />}
      </ShortList>
    </>
  );
}

function Line({ line: { at, pubkey, method, params, outcome } }: { line: AuditLine }) {
  const now = useNow();
  const isDone = outcome === "done";
  return (
    <li class="line audit">
      <Person pubkey={pubkey} />
      <div class="grow">
        <div class="row">
          <strong title={isMethod(method) ? METHODS[method].about : ""}>{method}</strong>
          {!isDone && <span class="badge bad">refused</span>}
        </div>
        <p>
          {params.map((param, index) => (
            <code key={index}>{shown(param)}</code>
          ))}
        </p>
        {!isDone && <p class="quiet">{outcome}</p>}
      </div>
      <span class="quiet">
        <Time at={at} now={now} />
      </span>
    </li>
  );
}

function shown(param: unknown): string {
  if (typeof param !== "string") return JSON.stringify(param).slice(0, 500);
  return /^[0-9a-f]{64}$/.test(param) ? shortKey(param) : param.slice(0, 500);
}
