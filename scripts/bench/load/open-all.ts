/** Opens many connections, some at a time. */
import { messageOf } from "../../shared/usage.ts";
import type { Meter } from "./meter.ts";
import { type Line, openLine } from "./socket.ts";

const AT_ONCE = 64;

/** Returns those that the relay has accepted. Others count as failed. `onOpen` is called for each, with when it was begun. */
export async function openAll(
  url: string,
  count: number,
  meter: Meter,
  onOpen: (begun: number) => void = () => undefined,
): Promise<Line[]> {
  const lines: Line[] = [];
  let begun = 0;
  const openSome = async () => {
    while (begun < count) {
      begun += 1;
      const at = performance.now();
      try {
        lines.push(await openLine(url));
        onOpen(at);
      } catch (error) {
        meter.failed(messageOf(error));
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, openSome));
  return lines;
}
