/** Settings in words. */
import type { ListedSetting } from "../../shared/management/answers.ts";

const TITLES: Record<string, string> = {
  RELAY_NAME: "Name",
  RELAY_DESCRIPTION: "Description",
  RELAY_ICON: "Icon",
  WRITE_ACCESS: "Who may write",
  READ_ACCESS: "Who may read",
};

export function titleOf(name: string): string {
  return TITLES[name] ?? name;
}

/** Says what the deployment had set, if an admin has changed it since. */
export function deployedValue({ value, configured }: ListedSetting): string {
  return value === configured ? "" : `The deployment has set: ${configured || "nothing"}.`;
}
