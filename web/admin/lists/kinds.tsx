/** Which kinds of events are accepted. */
import { useState } from "preact/hooks";
import { DELETION, VANISH } from "../../../nostr/kinds.ts";
import { kindName } from "../../parts/kind-names.ts";
import { Choice } from "../../shared/forms/choice.tsx";
import { TextField } from "../../shared/forms/field.tsx";
import type { MethodName } from "../../../nostr/management.ts";
import type { Question } from "../parts/ask.tsx";
import { Deed, DeedForm } from "../parts/deed.tsx";
import { Loaded, useLoading } from "../parts/loading.tsx";
import { useRelay } from "../parts/relay.tsx";
import { Section } from "../parts/section.tsx";
import { ListTabs } from "./tabs.tsx";

interface Kinds {
  allowed: number[];
  banned: number[];
}

export function KindLists() {
  const { call } = useRelay();
  const loading = useLoading(async (): Promise<Kinds> => {
    const [allowed, banned] = await Promise.all([call("listallowedkinds"), call("listdisallowedkinds")]);
    return { allowed: allowed.result, banned: banned.result };
  }, "kinds");
  return (
    <Section
      title="Kinds"
      about="Which kinds of events are accepted, from clients and from upstreams."
      of={loading}
      tabs={<ListTabs current="kinds" />}
    >
      <Loaded of={loading}>
        {(kinds) => (
          <>
            <State kinds={kinds} />
            <Change kinds={kinds} done={loading.reload} />
            <KindList
              title="Allowed kinds"
              empty="The list is empty, so all kinds are accepted that are not banned."
              kinds={kinds.allowed}
              label="Remove"
              method="unallowkind"
              question={(kind) => askToUnallow(kind, kinds)}
              done={loading.reload}
            />
            <KindList
              title="Banned kinds"
              empty="No kind is banned."
              kinds={kinds.banned}
              label="Lift the ban"
              method="undisallowkind"
              done={loading.reload}
            />
          </>
        )}
      </Loaded>
    </Section>
  );
}

function State({ kinds: { allowed, banned } }: { kinds: Kinds }) {
  if (allowed.length > 0)
    return (
      <p class="notice warning">
        Only {allowed.length === 1 ? "one kind is" : `${allowed.length} kinds are`} accepted:{" "}
        {allowed.join(", ")}. All others are refused, except deletions ({DELETION}) and requests to vanish (
        {VANISH}).
      </p>
    );
  return (
    <p class="notice">
      {banned.length > 0 ? `All kinds are accepted except ${banned.join(", ")}.` : "All kinds are accepted."}
    </p>
  );
}

function Change({ kinds, done }: { kinds: Kinds; done(): Promise<void> }) {
  const { call } = useRelay();
  const [way, setWay] = useState<"ban" | "allow">("ban");
  const [text, setText] = useState("");
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState("");
  const kind = parseKind(text);
  const known = kind === undefined ? "" : kindName(kind);
  return (
    <div class="card">
      <DeedForm
        label={way === "ban" ? "Ban the kind" : "Allow the kind"}
        tone={way === "ban" ? "danger" : "primary"}
        check={() => {
          setProblem(kind === undefined ? "A kind is a number from 0 to 65535." : "");
          return kind !== undefined;
        }}
        question={way === "ban" ? askToBan(kind ?? 0) : askToAllow(kind ?? 0, kinds)}
        act={async () => {
          const method = way === "ban" ? "disallowkind" : "allowkind";
          const { message } = await call(method, kind, reason.trim());
          return { said: `Done: ${message}.` };
        }}
        done={async () => {
          setText("");
          setReason("");
          await done();
        }}
      >
        <Choice
          label="Change"
          value={way}
          change={(chosen) => setWay(chosen)}
          options={[
            ["ban", "Ban a kind"],
            ["allow", "Allow only listed kinds"],
          ]}
        />
        <p class="quiet">
          {way === "ban"
            ? "A banned kind is refused. All others stay as they are."
            : "As soon as one kind is on the list of allowed kinds, every kind that is not on it is refused."}
        </p>
        <TextField
          label="Kind"
          hint={known || "A number from 0 to 65535, such as 1 for notes"}
          problem={problem}
          inputMode="numeric"
          value={text}
          change={setText}
        />
        <TextField label="Reason" maxLength={500} value={reason} change={setReason} />
      </DeedForm>
    </div>
  );
}

function KindList({
  title,
  empty,
  kinds,
  label,
  method,
  question,
  done,
}: {
  title: string;
  empty: string;
  kinds: number[];
  label: string;
  method: Extract<MethodName, "unallowkind" | "undisallowkind">;
  question?(kind: number): Question | undefined;
  done(): Promise<void>;
}) {
  const { call } = useRelay();
  return (
    <div class="list-card">
      <h3>{title}</h3>
      {kinds.length === 0 && <p class="quiet">{empty}</p>}
      {kinds.length > 0 && (
        <ul class="lines">
          {kinds.map((kind) => (
            <li key={kind} class="line">
              <div class="grow">
                <strong>{kind}</strong> <span class="quiet">{kindName(kind)}</span>
              </div>
              <Deed
                label={label}
                about={`kind ${kind}`}
                question={question?.(kind)}
                act={async () => {
                  const { message } = await call(method, kind);
                  return { said: `Done: ${message}.` };
                }}
                done={done}
              />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function askToBan(kind: number): Question {
  return {
    title: `Ban kind ${kind}?`,
    text: (
      <p>
        New events of kind {kind} ({kindName(kind)}) are refused, from clients and from upstreams. Those that
        are stored stay.
      </p>
    ),
    button: "Ban the kind",
  };
}

function askToAllow(kind: number, { allowed, banned }: Kinds): Question {
  const isFirst = allowed.length === 0;
  const list = [...new Set([...allowed, kind])].sort((a, b) => a - b).join(", ");
  return {
    title: isFirst ? `Refuse all kinds except ${kind}?` : `Allow kind ${kind}?`,
    text: (
      <>
        {isFirst && (
          <p class="notice warning">
            The list of allowed kinds is empty now, so all kinds are accepted. With this first entry the relay
            refuses every other kind, and with it nearly everything that clients send.
          </p>
        )}
        <p>
          Afterwards only these kinds are accepted: {list}, and always deletions ({DELETION}) and requests to
          vanish ({VANISH}). {banned.includes(kind) && "The ban of the kind is lifted."} Stored events stay.
        </p>
        {isFirst && banned.includes(kind) && (
          <p>If you only want to lift the ban, use “Lift the ban” in the list of banned kinds.</p>
        )}
      </>
    ),
    button: isFirst ? `Accept only kind ${kind}` : "Allow the kind",
  };
}

/** Without its last entry the list opens the relay to everything. */
function askToUnallow(kind: number, { allowed }: Kinds): Question {
  return {
    title: `Remove kind ${kind} from the allowed kinds?`,
    text: (
      <p>
        {allowed.length === 1
          ? "It is the last one. Afterwards all kinds are accepted again that are not banned."
          : `Events of kind ${kind} are refused from then on, because they are not on the list.`}
      </p>
    ),
    button: "Remove",
  };
}

function parseKind(text: string): number | undefined {
  const kind = /^\d{1,5}$/.test(text.trim()) ? Number(text) : Number.NaN;
  return kind <= 65_535 ? kind : undefined;
}
