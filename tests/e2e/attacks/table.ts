/** All attacks, by their target. */
import type { Attack } from "./attackers.ts";
import { CONNECTION_ATTACKS } from "./connections.ts";
import { FRAME_ATTACKS } from "./frames.ts";
import { HTTP_ATTACKS } from "./over-http.ts";
import { LIVE_ATTACKS } from "./live.ts";
import { READING_ATTACKS } from "./reading.ts";
import { TEXT_ATTACKS } from "./text.ts";
import { WRITING_ATTACKS } from "./writing.ts";

export const ATTACKS: Attack[] = [
  ...TEXT_ATTACKS,
  ...LIVE_ATTACKS,
  ...READING_ATTACKS,
  ...WRITING_ATTACKS,
  ...FRAME_ATTACKS,
  ...CONNECTION_ATTACKS,
  ...HTTP_ATTACKS,
];
