import { testAttacks } from "./judge.ts";
import { TEXT_ATTACKS } from "./text.ts";

testAttacks("text that is slow to normalise", TEXT_ATTACKS);
