/** One list of keys, events or addresses: search, add, remove. */
import { useState } from "preact/hooks";
import { TextField } from "../../shared/forms/field.tsx";
import { nameOf } from "../../parts/profile.ts";
import { Deed, DeedForm } from "../parts/deed.tsx";
import { Loaded, useAnswer } from "../parts/loading.tsx";
import type { Done } from "../parts/notices.tsx";
import { useRelay } from "../parts/relay.tsx";
import { Empty, Section } from "../parts/section.tsx";
import { ShortList } from "../parts/short-list.tsx";
import { type Entry, entryOf, type ListOfEntries } from "./entry-lists.tsx";
import { ListTabs } from "./tabs.tsx";

export function Entries({ of: list }: { of: ListOfEntries }) {
  const loading = useAnswer(list.list);
  const { profiles } = useRelay();
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const matches = ({ subject, reason }: Entry) =>
    [subject, reason, nameOf(subject, profiles), list.parse(subject) ?? ""].some((text) =>
      text.toLowerCase().includes(list.parse(search) ?? wanted),
    );
  return (
    <Section title={list.title} about={list.about} of={loading} tabs={<ListTabs current={list.id} />}>
      <Add list={list} done={loading.reload} />
      <Loaded of={loading}>
        {(listed) => {
          const entries = listed.map(entryOf);
          if (entries.length === 0) return <Empty title="The list is empty." />;
          const found = entries.filter(matches);
          return (
            <>
              <TextField
                type="search"
                label={`Search ${entries.length.toLocaleString("en")} ${entries.length === 1 ? "entry" : "entries"}`}
                value={search}
                change={setSearch}
              />
              {found.length === 0 && <Empty title="No entry matches." />}
              <ShortList items={found}>
                {(entry) => <Line key={entry.subject} list={list} entry={entry} done={loading.reload} />}
              </ShortList>
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}

function Add({ list, done }: { list: ListOfEntries; done(): Promise<void> }) {
  const [text, setText] = useState("");
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState("");
  const change = useChange(list);
  const { add } = list;
  return (
    <details class="card add">
      <summary>{list.open}</summary>
      <DeedForm
        label={add.label}
        {...(list.isDanger && { tone: "danger" as const })}
        check={() => {
          const isValid = list.parse(text) !== undefined;
          setProblem(isValid ? "" : `This is not valid. Expected ${list.expected}.`);
          return isValid;
        }}
        question={{
          title: add.title,
          text: (
            <>
              {list.show(list.parse(text) ?? "")}
              <p>{add.text}</p>
            </>
          ),
          button: add.label,
        }}
        act={() => change("add", list.parse(text) ?? "", reason.trim())}
        done={async () => {
          setText("");
          setReason("");
          await done();
        }}
      >
        <TextField label={list.label} hint={list.expected} problem={problem} value={text} change={setText} />
        <TextField
          label="Reason"
          hint="For the other admins. It may be empty."
          maxLength={500}
          value={reason}
          change={setReason}
        />
      </DeedForm>
    </details>
  );
}

function Line({ list, entry, done }: { list: ListOfEntries; entry: Entry; done(): Promise<void> }) {
  const change = useChange(list);
  const { remove } = list;
  return (
    <li class="line">
      <div class="grow">
        {list.show(entry.subject)}
        {entry.reason && <p class="quiet">{entry.reason}</p>}
      </div>
      <Deed
        label={remove.label}
        about={entry.subject}
        {...(remove.method === "banevent" && { tone: "danger" as const })}
        question={{ title: remove.title, text: <p>{remove.text}</p>, button: remove.label }}
        act={() => change("remove", entry.subject, "")}
        done={done}
      />
    </li>
  );
}

function useChange(list: ListOfEntries) {
  const { call } = useRelay();
  return async (way: "add" | "remove", subject: string, reason: string): Promise<Done> => {
    const { method, said } = list[way];
    await call(method, subject, reason);
    return { said: said(subject) };
  };
}
