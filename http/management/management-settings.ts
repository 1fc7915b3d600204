/** The methods of the management API for settings: all of them with their values, and those that can be changed at run time. */
import type { MethodName } from "../../nostr/management.ts";
import { CHANGEABLE } from "../../relay/access/moderation-snapshot.ts";
import { type Config, type SettingName, SETTINGS } from "../../relay/config.ts";
import { answer, type Asked, change, type Decision, type Method, refuse } from "../decision.ts";

type Changeable = (typeof CHANGEABLE)[number];

/** The method that changes a setting at run time. */
export const METHOD_OF = {
  RELAY_NAME: "changerelayname",
  RELAY_DESCRIPTION: "changerelaydescription",
  RELAY_ICON: "changerelayicon",
  WRITE_ACCESS: "changewriteaccess",
  READ_ACCESS: "changereadaccess",
} as const satisfies Record<Changeable, MethodName>;

type SettingMethod = "listsettings" | (typeof METHOD_OF)[Changeable];

/** A setting as an admin sees it. */
interface ListedSetting {
  name: SettingName;
  /** What it does, and its valid values, for people. */
  about: string;
  expected: string;
  default: string;
  /** As the deployment has set it. Null for a secret, which is never shown. */
  configured: string | null;
  /** What is in effect: `configured`, or what an admin has changed it to. */
  value: string | null;
  /** Whether it has a value. This is all that is said about a secret. */
  isSet: boolean;
  /** The method that changes it; null if only a deployment can. */
  method: MethodName | null;
}

export const SETTING_DECISIONS: { [Name in SettingMethod]: Method<Name> } = {
  listsettings: async (_, { store, config }) => {
    const { settings } = await store.load();
    const names = Object.keys(SETTINGS) as SettingName[];
    return answer(names.map((name) => listed(name, config, settings)));
  },
  changerelayname: ([name]) => set("RELAY_NAME", name),
  changerelaydescription: ([description]) => set("RELAY_DESCRIPTION", description),
  changerelayicon: ([icon]) => set("RELAY_ICON", icon),
  changewriteaccess: ([access]) => set("WRITE_ACCESS", access),
  changereadaccess: ([access]) => set("READ_ACCESS", access),
};

/** Changes a setting, within the same bounds as in the configuration. */
function set(setting: Changeable, value: string): Decision {
  const { parse, expected } = SETTINGS[setting];
  return parse(value) === undefined
    ? refuse(`${setting} is ${JSON.stringify(value)}, expected ${expected}`)
    : change({ do: "set", setting, value });
}

function listed(name: SettingName, config: Asked["config"], changed: Record<string, string>): ListedSetting {
  const setting = SETTINGS[name];
  const isSecret = "isSecret" in setting;
  const configured = textOf(name, config);
  const isChangeable = CHANGEABLE.some((one) => one === name);
  return {
    name,
    about: setting.about,
    expected: setting.expected,
    default: String(setting.default),
    configured: isSecret ? null : configured,
    value: isSecret ? null : isChangeable ? (changed[name] ?? configured) : configured,
    isSet: configured !== "",
    method: isChangeable ? METHOD_OF[name as Changeable] : null,
  };
}

/** Addresses of collectors, which may have a password or a key in them. */
const COLLECTORS: readonly SettingName[] = ["ZIPKIN_URL", "OTLP_URL"];

/** Returns a value as it is written in a settings file. The address of a collector loses its password and query. */
function textOf(name: SettingName, config: Config): string {
  const text = String(config[name]);
  if (!COLLECTORS.includes(name) || text === "") return text;
  const { origin, pathname } = new URL(text);
  return origin + pathname;
}
