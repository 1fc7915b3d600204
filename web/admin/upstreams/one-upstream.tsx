/** One upstream: how it stands with it, its settings, and what can be done. */
import { useState } from "preact/hooks";
import type { UpstreamStatus } from "../../shared/management/answers.ts";
import { DeedForm } from "../parts/deed.tsx";
import { Loaded, useAnswer } from "../parts/loading.tsx";
import { goTo, placeHref } from "../parts/place.ts";
import { useRelay } from "../parts/relay.tsx";
import { Empty, Section } from "../parts/section.tsx";
import { Backfill } from "./backfill.tsx";
import { ProbeButton } from "./probe-result.tsx";
import { areWritable } from "./filter-text.ts";
import { SettingsFields } from "./settings-fields.tsx";
import { parseSettingsText, type Problems, settingsText } from "./settings-text.ts";
import { StateBadge } from "../../shared/upstreams/state-badge.tsx";
import { Status } from "./status.tsx";
import { PauseOrResume, Remove } from "./upstream-deeds.tsx";

export function OneUpstream({ url }: { url: string }) {
  const loading = useAnswer("listupstreams");
  const upstream = loading.value?.find((one) => one.url === url);
  return (
    <Section
      title={url.replace(/^wss?:\/\//, "")}
      about={url}
      of={loading}
      tabs={<a href={placeHref("upstreams")}>← All upstreams</a>}
      actions={
        upstream && (
          <>
            <StateBadge state={upstream.state} />
            <PauseOrResume upstream={upstream} done={loading.reload} />
          </>
        )
      }
    >
      <Loaded of={loading}>
        {() =>
          upstream ? (
            <Details upstream={upstream} done={loading.reload} />
          ) : (
            <Empty title="There is no such upstream." />
          )
        }
      </Loaded>
    </Section>
  );
}

interface Props {
  upstream: UpstreamStatus;
  done(): Promise<void>;
}

function Details({ upstream, done }: Props) {
  const { url, settings, state, origin } = upstream;
  return (
    <>
      <Status upstream={upstream} />
      <ProbeButton url={url} />
      {settings && !areWritable(settings.filters) && (
        <p class="notice">
          Its filters have values that this page cannot show. Change them with{" "}
          <code>npm run nostr -- upstream change</code>.
        </p>
      )}
      {settings && areWritable(settings.filters) && (
        <Change key={JSON.stringify(settings)} upstream={upstream} done={done} />
      )}
      {state !== "out" && <Backfill upstream={upstream} done={done} />}
      <div class="card stack">
        <h3>Remove</h3>
        {origin === "outbox" ? (
          <p class="quiet">
            The outbox has chosen it, and would choose it again. Pause it, or remove the keys from the{" "}
            <a href={placeHref("outbox")}>outbox</a>.
          </p>
        ) : (
          <Remove upstream={upstream} done={() => goTo("upstreams")} />
        )}
      </div>
    </>
  );
}

function Change({ upstream: { url, settings }, done }: Props) {
  const { call } = useRelay();
  const [text, setText] = useState(() => settingsText(settings as NonNullable<typeof settings>));
  const [problems, setProblems] = useState<Problems>({});
  return (
    <details class="card add">
      <summary>Change the settings</summary>
      <DeedForm
        label="Save the settings"
        check={() => {
          const parsed = parseSettingsText(text);
          setProblems(parsed.ok ? {} : parsed.problems);
          return parsed.ok;
        }}
        act={async () => {
          const parsed = parseSettingsText(text);
          await call("changeupstream", url, parsed.ok ? parsed.settings : {});
          return { said: `The settings of ${url} are changed.` };
        }}
        done={done}
      >
        <p class="quiet">
          Narrower filters go on where the pulls were, if there was no filter before. Any other new filter is
          pulled as for the first time.
        </p>
        <SettingsFields text={text} problems={problems} change={setText} />
      </DeedForm>
    </details>
  );
}
