/** Adds an upstream, after a test if the person wants one. */
import { useState } from "preact/hooks";
import { normalizeUpstreamUrl } from "../../../nostr/relay-url.ts";
import { TextField } from "../../shared/forms/field.tsx";
import { DeedForm } from "../parts/deed.tsx";
import { goTo, placeHref } from "../parts/place.ts";
import { useRelay } from "../parts/relay.tsx";
import { Section } from "../parts/section.tsx";
import { ProbeButton } from "./probe-result.tsx";
import { SettingsFields } from "./settings-fields.tsx";
import { NEW_SETTINGS, parseSettingsText, type Problems } from "./settings-text.ts";

export function AddUpstream() {
  const { call } = useRelay();
  const [url, setUrl] = useState("");
  const [text, setText] = useState(NEW_SETTINGS);
  const [problems, setProblems] = useState<Problems>({});
  const address = normalizeUpstreamUrl(url.trim());
  function check(): boolean {
    const parsed = parseSettingsText(text);
    const found = {
      ...(!parsed.ok && parsed.problems),
      ...(address === undefined && { url: "Expected a ws:// or wss:// address." }),
    };
    setProblems(found);
    return Object.keys(found).length === 0;
  }
  return (
    <Section
      title="Add an upstream"
      about="The relay begins to pull it within a minute."
      tabs={<a href={placeHref("upstreams")}>← All upstreams</a>}
    >
      <div class="card">
        <DeedForm
          label="Add the upstream"
          check={check}
          act={async () => {
            const parsed = parseSettingsText(text);
            await call("addupstream", address, parsed.ok ? withoutDefaults(parsed.settings) : {});
            return { said: `${address} is added.` };
          }}
          done={() => goTo("upstreams", address ?? "")}
        >
          <TextField
            label="Address"
            hint="wss://relay.example"
            inputMode="url"
            problem={problems["url"]}
            value={url}
            change={setUrl}
          />
          <ProbeButton url={url.trim()} />
          <SettingsFields text={text} problems={problems} change={setText} />
        </DeedForm>
      </div>
    </Section>
  );
}

/** Null restores a default, and a new upstream has them all. */
function withoutDefaults(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null));
}
