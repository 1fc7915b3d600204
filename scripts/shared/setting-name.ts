/** Names of settings, as users write them. */
import { isSetting, SETTINGS } from "../../relay/config.ts";
import { didYouMean } from "./nearest.ts";
import { UsageError } from "./usage.ts";

/** Throws a UsageError if there is no such setting. `where` says where the name was given. */
export function assertSetting(name: string, where: string): void {
  if (isSetting(name)) return;
  const near = didYouMean(name, Object.keys(SETTINGS));
  throw new UsageError(
    `${where} names ${name}, which is not a setting${near || ": docs/configuration.md lists all"}`,
  );
}
