/** The settings that only a deployment can change, to read. */
import { useState } from "preact/hooks";
import { CopyButton } from "../../shared/forms/copy-button.tsx";
import { TextField } from "../../shared/forms/field.tsx";
import type { ListedSetting } from "../../shared/management/answers.ts";
import { Empty } from "../parts/section.tsx";

export function DeploymentSettings({ settings }: { settings: ListedSetting[] }) {
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const found = settings.filter(({ name, about, value }) =>
    `${name} ${about} ${value ?? ""}`.toLowerCase().includes(wanted),
  );
  return (
    <div class="list-card">
      <h3>Set by the deployment</h3>
      <p class="quiet">
        These change with the next deployment, <code>npm run deploy -- --var NAME=value</code>, or with the
        next start, <code>npm start -- --var NAME=value</code>. An empty value resets one to its default.
        Secrets are never shown.
      </p>
      <TextField type="search" label="Search the settings" value={search} change={setSearch} />
      {found.length === 0 && <Empty title="No setting matches." />}
      <ul class="lines">
        {found.map((setting) => (
          <Line key={setting.name} setting={setting} />
        ))}
      </ul>
    </div>
  );
}

function Line({ setting }: { setting: ListedSetting }) {
  const { name, about, expected, value, isSet } = setting;
  const isChanged = value !== null && value !== setting.default;
  return (
    <li class="setting">
      <details>
        <summary>
          <code>{name}</code>
          <span class="value">
            {value === null ? (
              <span class="badge">{isSet ? "a secret is set" : "not set"}</span>
            ) : value === "" ? (
              <span class="quiet">empty</span>
            ) : (
              <bdi>{value}</bdi>
            )}
            {isChanged && <span class="badge accent">changed</span>}
          </span>
        </summary>
        <p>{about}</p>
        <p class="quiet">
          Valid: {expected}. Default: {setting.default || "empty"}.
        </p>
        {value !== null && (
          <div class="row">
            <code>--var {name}=…</code>
            <CopyButton text={`--var ${name}=`} what={`the option for ${name}`} />
          </div>
        )}
      </details>
    </li>
  );
}
