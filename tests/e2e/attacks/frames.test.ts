import { testAttacks } from "./judge.ts";
import { FRAME_ATTACKS } from "./frames.ts";

testAttacks("frames", FRAME_ATTACKS);
