import { testAttacks } from "./judge.ts";
import { CONNECTION_ATTACKS } from "./connections.ts";

testAttacks("connections", CONNECTION_ATTACKS);
