import { testAttacks } from "./judge.ts";
import { LIVE_ATTACKS } from "./live.ts";

testAttacks("live subscriptions", LIVE_ATTACKS);
