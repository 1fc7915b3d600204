/** `npm run binary`: builds the relay and the client as one executable file. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { BUN, compile } from "./binary/compile.ts";
import { embedFiles } from "./binary/embed.ts";
import { buildServer } from "./serve/build-server.ts";
import { readOptions } from "./shared/options.ts";
import { isSignatureCheckSlow } from "./shared/signature-check.ts";
import { CommandError, runCommand, UsageError } from "./shared/usage.ts";

const TARGETS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];
const HELP = `Usage: npm run binary -- [options]

Builds one executable file that is the relay (tributary serve) and the client (tributary nostr). It needs neither Node nor packages.

  --output FILE      the file to write (default tributary)
  --target TARGET    the machine that it is for: ${TARGETS.join(", ")}
                     (default: this one). What Bun needs for another, it downloads from the npm registry
  --help             print this text
`;

/** What a user of the file runs in place of the npm scripts that help, hints and alerts name. */
const OWN_NAMES = [
  ["npm run nostr -- ", "tributary nostr "],
  ["npm start -- ", "tributary serve "],
  ['"npm start"', '"tributary serve"'],
] as const;

await runCommand(async () => {
  const { values } = readOptions(process.argv.slice(2), {
    output: { type: "string", default: "tributary" },
    target: { type: "string" },
    help: { type: "boolean", default: false },
  });
  if (values.help) return void process.stdout.write(HELP);
  const { output, target } = values;
  if (target !== undefined && !TARGETS.includes(target))
    throw new UsageError(`--target is ${JSON.stringify(target)}, expected one of ${TARGETS.join(", ")}`);
  assertCanBeWritten(output);
  console.log("building the relay, its pages and the client");
  const file = await buildServer("scripts/binary/main.ts", "bun", { plugins: [embedFiles] });
  try {
    writeFileSync(file, ownCode(readFileSync(file, "utf8")));
    console.log(`making one file of them, with ${BUN}`);
    await compile(file, resolve(output), target);
  } finally {
    rmSync(file, { force: true });
  }
  if (isSignatureCheckSlow())
    console.log(
      "signatures are checked in JavaScript, four times slower: npm run build:wasm, and build again",
    );
  console.log(`built ${resolve(output)}: ${Math.round(statSync(output).size / 1e6)} MB`);
});

/** Returns the code as it is in the executable file. */
function ownCode(code: string): string {
  const [, , ...others] = code.split("import.meta");
  if (others.length > 0)
    throw new Error(
      "a module reads files of the project: put another in its place in scripts/binary/embed.ts",
    );
  return OWN_NAMES.reduce((text, [npm, own]) => text.replaceAll(npm, own), code);
}

/** Checks the file that will be written, before anything is built. */
function assertCanBeWritten(output: string): void {
  if (statSync(output, { throwIfNoEntry: false })?.isDirectory())
    throw new CommandError(`--output ${output}: it is a folder, expected a file`);
  const folder = dirname(output);
  if (!existsSync(folder)) throw new CommandError(`--output ${output}: there is no folder ${folder}`);
}
