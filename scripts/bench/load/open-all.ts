/** Opens many connections, some at a time. */
import { type Line, openLine } from "./socket.ts";

const AT_ONCE = 64;

/** `onOpen` is called for each, with when it was begun. */
export async function openAll(
  url: string,
  count: number,
  onOpen: (begun: number) => void = () => undefined,
): Promise<Line[]> {
  const lines: Line[] = [];
  let begun = 0;
  const openSome = async () => {
    while (begun < count) {
      begun += 1;
      const at = performance.now();
      lines.push(await openLine(url));
      onOpen(at);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, openSome));
  return lines;
}
