/**
 * Installs what only tests need: the development packages of this project, and the packages of the folders below. Does
 * nothing if all of them are installed. Plain JavaScript, because on a fresh clone the oldest supported Node runs it.
 */
import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const QUIETLY = ["--no-audit", "--no-fund", "--loglevel=error"];

/** The folders, and the arguments of npm. In the root, `npm ci` would remove the files of a running relay. */
const INSTALLS = [
  [".", ["install", "--include=dev", "--no-save", ...QUIETLY]],
  ["tests/clients", ["ci", ...QUIETLY]],
  ["tests/peers", ["ci", ...QUIETLY]],
];

/** Installs what is missing. Vitest calls this before the tests that need these packages. */
export async function setup() {
  await Promise.all(INSTALLS.filter(([folder]) => !isInstalled(folder)).map(install));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await setup();

/** Returns whether npm has installed all packages of the lock file, in the same versions. Ignores optional packages. */
function isInstalled(folder) {
  const wanted = readPackages(join(folder, "package-lock.json"));
  const installed = readPackages(hiddenLock(folder));
  return Object.entries(wanted).every(
    ([path, { version, optional, link }]) =>
      path === "" ||
      optional ||
      link ||
      !path.includes("node_modules/") ||
      installed[path]?.version === version,
  );
}

/** Returns the packages by path. Empty if npm has not installed anything yet. */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), "utf8")).packages;
  } catch (error) {
    if (error.code === "ENOENT") return {};
    throw error;
  }
}

/** Returns the path of npm's record of what it installed. */
function hiddenLock(folder) {
  return join(folder, "node_modules", ".package-lock.json");
}

function install([folder, args]) {
  console.log(`installing what only tests need: npm ${args[0]} in ${folder}`);
  // Without its record, npm looks at the installed files.
  rmSync(join(ROOT, hiddenLock(folder)), { force: true });
  return new Promise((resolve, reject) => {
    const npm = spawn("npm", args, {
      cwd: join(ROOT, folder),
      stdio: "inherit",
      shell: process.platform === "win32",
    });
    npm.once("error", reject);
    npm.once("exit", (code) =>
      code === 0 ? resolve() : reject(new Error(`npm ${args.join(" ")} in ${folder} ended with ${code}`)),
    );
  });
}
