import { testAttacks } from "./judge.ts";
import { READING_ATTACKS } from "./reading.ts";

testAttacks("stored events", READING_ATTACKS);
