/** Settings: those that can be changed now, and those that only a deployment can change. */
import type { ListedSetting } from "../../shared/management/answers.ts";
import { Loaded, useAnswer } from "../parts/loading.tsx";
import { Section } from "../parts/section.tsx";
import { AccessForm } from "./access-form.tsx";
import { DeploymentSettings } from "./deployment-settings.tsx";
import { TestAlert } from "./test-alert.tsx";
import { TextForm } from "./text-form.tsx";

export function Settings() {
  const loading = useAnswer("listsettings");
  const done = loading.reload;
  return (
    <Section
      title="Settings"
      about="What you change here applies at once, on all hubs. It stays until you change it again, also when the relay is deployed again."
      of={loading}
    >
      <Loaded of={loading}>
        {(settings) => (
          <>
            <div class="columns">
              {settings.map((setting) => (
                <Changeable key={setting.name} setting={setting} done={done} />
              ))}
            </div>
            <TestAlert />
            <DeploymentSettings settings={settings.filter(({ method }) => method === null)} />
          </>
        )}
      </Loaded>
    </Section>
  );
}

function Changeable({ setting, done }: { setting: ListedSetting; done(): Promise<void> }) {
  // A form begins again with the value in effect.
  const key = String(setting.value);
  switch (setting.method) {
    case null:
      return null;
    case "changewriteaccess":
    case "changereadaccess":
      return <AccessForm key={key} setting={setting} method={setting.method} done={done} />;
    case "changerelayname":
    case "changerelaydescription":
    case "changerelayicon":
      return <TextForm key={key} setting={setting} method={setting.method} done={done} />;
    default:
      return (
        <p class="notice warning">
          This page does not know how to change {setting.name}. Use the method {setting.method}.
        </p>
      );
  }
}
