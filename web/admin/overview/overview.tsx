/** What needs an admin now. */
import type { ListedSetting, UpstreamStatus } from "../../shared/management/answers.ts";
import { Loaded, type Loading, useAnswer, useLoading } from "../parts/loading.tsx";
import { placeHref } from "../parts/place.ts";
import { Section } from "../parts/section.tsx";
import { readHealth } from "../../shared/health.ts";

type Tone = "good" | "bad" | "warning" | "quiet";

export function Overview() {
  const health = useLoading(readHealth, "health");
  const reports = useAnswer("listeventsneedingmoderation");
  const upstreams = useAnswer("listupstreams");
  const letters = useAnswer("listdeadletters", 1);
  const settings = useAnswer("listsettings");
  const all = [health, reports, upstreams, letters, settings];
  return (
    <Section
      title="Overview"
      about="What needs you now."
      of={{
        isLoading: all.some(({ isLoading }) => isLoading),
        reload: async () => void (await Promise.all(all.map((one) => one.reload()))),
      }}
    >
      <Loaded of={health}>
        {({ problems }) =>
          problems.map((problem) => (
            <p key={problem} class="notice bad">
              {problem}
            </p>
          ))
        }
      </Loaded>
      <div class="tiles">
        <Tile
          title="Reports"
          place="reports"
          of={reports}
          figure={(list) => ({
            value: list.length,
            tone: list.length > 0 ? "bad" : "good",
            text: list.length > 0 ? "to decide on" : "nothing to decide",
          })}
        />
        <Tile title="Upstreams" place="upstreams" of={upstreams} figure={upstreamFigure} />
        <Tile
          title="Dead letters"
          place="dead-letters"
          of={letters}
          figure={({ total }) => ({
            value: total,
            tone: total > 0 ? "warning" : "good",
            text: total > 0 ? "events could not be stored" : "all events were stored",
          })}
        />
        <Tile
          title="Database"
          of={health}
          figure={({ store }) => ({
            value: store ? `${store.percent} %` : "–",
            tone: store?.level === "ok" ? "good" : store ? "bad" : "quiet",
            text: store ? `full, level: ${store.level}` : "the relay does not say",
          })}
        />
        <Tile title="Access" place="settings" of={settings} figure={accessFigure} />
      </div>
    </Section>
  );
}

interface Shown {
  value: number | string;
  tone: Tone;
  text: string;
}

function Tile<T>({
  title,
  place,
  of,
  figure,
}: {
  title: string;
  place?: string;
  of: Loading<T>;
  figure(value: T): Shown;
}) {
  return (
    <div class="card tile">
      <h3>{place === undefined ? title : <a href={placeHref(place)}>{title}</a>}</h3>
      <Loaded of={of}>
        {(value) => {
          const { value: shown, tone, text } = figure(value);
          return (
            <>
              <Value shown={shown} tone={tone} />
              <span class="quiet">{text}</span>
            </>
          );
        }}
      </Loaded>
    </div>
  );
}

function Value({ shown, tone }: { shown: Shown["value"]; tone: Tone }) {
  return typeof shown === "number" ? (
    <strong class={tone}>{shown.toLocaleString("en")}</strong>
  ) : (
    <strong class={`${tone} word`}>{shown}</strong>
  );
}

function upstreamFigure(upstreams: UpstreamStatus[]): Shown {
  const failing = upstreams.filter(({ state }) => state === "failing").length;
  if (failing > 0) return { value: failing, tone: "bad", text: `of ${upstreams.length} are failing` };
  const waiting = upstreams.filter(({ state }) => state === "new").length;
  const text =
    upstreams.length === 0 ? "none yet" : waiting > 0 ? `${waiting} not pulled yet` : "none is failing";
  return { value: upstreams.length, tone: upstreams.length === 0 ? "quiet" : "good", text };
}

const ACCESS: Record<string, string> = { open: "Everybody", auth: "Authenticated", allow: "Allow-list" };

function accessFigure(settings: ListedSetting[]): Shown {
  const of = (name: string) => settings.find((setting) => setting.name === name)?.value ?? "";
  const [write, read] = [of("WRITE_ACCESS"), of("READ_ACCESS")];
  return {
    value: ACCESS[write] ?? write,
    tone: "quiet",
    text:
      write === read ? "may write and read" : `may write; may read: ${(ACCESS[read] ?? read).toLowerCase()}`,
  };
}
