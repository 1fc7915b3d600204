/** The method of the management API that tests the channels for alerts. */
import { answer, type Method } from "../decision.ts";

export const ALERT_DECISIONS: { testalert: Method<"testalert"> } = {
  testalert: async (_, { testAlert }) => answer(await testAlert()),
};
