import { testAttacks } from "./judge.ts";
import { HTTP_ATTACKS } from "./over-http.ts";

testAttacks("HTTP", HTTP_ATTACKS);
