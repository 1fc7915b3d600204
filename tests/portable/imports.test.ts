/** Imports between files and folders. Imports of types count too. */
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { expect, it } from "vitest";

const ROOT = new URL("../../", import.meta.url);
const FOLDERS = [
  "nostr",
  "telemetry",
  "store",
  "relay",
  "web",
  "http",
  "aggregator",
  "platforms",
  "worker",
  "server",
  "scripts",
];

const files = FOLDERS.flatMap((folder) =>
  readdirSync(new URL(`${folder}/`, ROOT), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file) && !/\.(test|d)\.tsx?$/.test(file))
    .map((file) => `${folder}/${file.replaceAll("\\", "/")}`),
);
const imports = new Map(files.map((file) => [file, importsOf(file)]));

function importsOf(file: string): string[] {
  const text = readFileSync(new URL(file, ROOT), "utf8");
  return [...text.matchAll(/^(?:import|export) [^;]*?"(\.[^"]+\.tsx?)"/gm)].map(([, path = ""]) =>
    posix.join(posix.dirname(file), path),
  );
}

/** Returns the files of a circle that begins in this file; undefined if there is none. */
function circleFrom(file: string, path: string[] = [], done = new Set<string>()): string[] | undefined {
  if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
  if (done.has(file)) return undefined;
  done.add(file);
  for (const next of imports.get(file) ?? []) {
    const circle = circleFrom(next, [...path, file], done);
    if (circle) return circle;
  }
  return undefined;
}

it("no files import each other, not even in a circle", () => {
  expect(files.length).toBeGreaterThan(100);
  const done = new Set<string>();
  expect(files.flatMap((file) => circleFrom(file, [], done) ?? [])).toEqual([]);
});

it("no folders import each other", () => {
  const pairs = new Set(
    [...imports].flatMap(([file, paths]) =>
      paths.map((path) => `${posix.dirname(file)} → ${posix.dirname(path)}`),
    ),
  );
  const back = (pair: string) => pair.split(" → ").toReversed().join(" → ");
  expect([...pairs].filter((pair) => pair !== back(pair) && pairs.has(back(pair)))).toEqual([]);
});
