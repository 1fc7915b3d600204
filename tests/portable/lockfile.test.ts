/** The lock file has the hash of every package that `npm ci` may install, on any platform. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

interface Locked {
  version?: string;
  integrity?: string;
  link?: boolean;
}

const LOCKS = [
  "package-lock.json",
  "tests/clients/package-lock.json",
  "tests/peers/package-lock.json",
  "wasm/package-lock.json",
  "scripts/bench/peer/package-lock.json",
];

it.each(LOCKS)("every package in %s has its integrity, those for other platforms too", (lock) => {
  const text = readFileSync(new URL(`../../${lock}`, import.meta.url), "utf8");
  const { packages } = JSON.parse(text) as { packages: Record<string, Locked> };
  const fromRegistry = Object.entries(packages).filter(
    ([path, { link }]) => path.includes("node_modules/") && link !== true,
  );
  expect(fromRegistry.length).toBeGreaterThan(5);
  const unhashed = fromRegistry.filter(
    ([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ""),
  );
  expect(unhashed.map(([path]) => path)).toEqual([]);
});
