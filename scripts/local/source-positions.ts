/** Where in the sources something is. The Workers are minified, so that positions in their code tell nothing. */
import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { mapFileOf } from "../shared/bundle.ts";

/** Such as `relay.js:12:345`, at the end of an address. */
const POSITION = /\b([\w-]+)\.js:(\d+):(\d+)/g;

const maps = new Map<string, SourceMap>();

/** Returns a stack trace with positions in the sources, such as `relay/session/hub.ts:12:3`, wherever the map of a build tells them. */
export function withSourcePositions(stack: string): string {
  return stack.replace(POSITION, (written: string, worker: string, line: string, column: string) => {
    const entry = mapOf(worker)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (!entry || !("originalSource" in entry)) return written;
    return `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

function mapOf(worker: string): SourceMap | undefined {
  const map = maps.get(worker) ?? readMap(mapFileOf(worker));
  // Only those that exist are kept: a message may contain any name.
  if (map) maps.set(worker, map);
  return map;
}

/** Returns undefined if there is none: then the log has the positions of the built code. */
function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(file, "utf8")) as SourceMapPayload);
  } catch {
    return undefined;
  }
}
