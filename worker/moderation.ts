/** Announces decisions of the operators to the hubs (NIP-86). */
import { report } from "../platforms/report.ts";
import { theSwitchboard } from "./objects.ts";

/** Resolves with the names of hubs that did not answer. */
export async function announceModeration(): Promise<string[]> {
  try {
    return await theSwitchboard().moderated();
  } catch (error) {
    report(error);
    return ["the switchboard"];
  }
}
