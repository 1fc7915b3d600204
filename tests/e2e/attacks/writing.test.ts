import { testAttacks } from "./judge.ts";
import { WRITING_ATTACKS } from "./writing.ts";

testAttacks("what is written", WRITING_ATTACKS);
