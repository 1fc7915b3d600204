/** Parses a command line. An error is one line that suggests what was probably meant. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { didYouMean } from "./nearest.ts";
import { UsageError } from "./usage.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;
type Read<T extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: true }>
>;

/** Options that npm has too: if they are in its environment, that says nothing about this command line. */
const NPM_HAS = new Set(["json", "tag", "force", "save", "help", "version", "auth", "location"]);
/** The npm scripts that take options. */
const SCRIPTS = new Set(["start", "serve", "binary", "nostr", "deploy", "bill", "bench", "analytics"]);

/** Parses the arguments. `most` is the maximum number of arguments besides options. */
export function readOptions<const T extends Options>(args: string[], options: T, most = 0): Read<T> {
  const { tokens } = parseArgs({ args, options, allowPositionals: true, strict: false, tokens: true });
  const positionals = tokens.filter((token) => token.kind === "positional").map(({ value }) => value);
  refuseWhatNpmTook(options, positionals);
  const checked: string[] = [];
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!option || !rawName.startsWith("--")) {
      const near = rawName.startsWith("--")
        ? didYouMean(name, Object.keys(options), "--")
        : ": put text that begins with - after --";
      throw new UsageError(`there is no option ${rawName}${near}`);
    }
    if (option.type === "boolean") {
      if (value !== undefined) throw new UsageError(`${rawName} takes no value`);
      checked.push(rawName);
      continue;
    }
    if (value === undefined || (!token.inlineValue && value.startsWith("--")))
      throw new UsageError(`${rawName} needs a value`);
    checked.push(`${rawName}=${value}`);
  }
  const extra = positionals[most];
  if (extra !== undefined) throw new UsageError(tooMany(extra, most));
  return parseArgs({ args: [...checked, "--", ...positionals], options, allowPositionals: true });
}

function tooMany(extra: string, most: number): string {
  const first = `unexpected argument ${JSON.stringify(extra)}`;
  return most === 0 ? first : `${first}: put text with spaces in quotes`;
}

/**
 * Detects a missing `--`: `npm start --port 9000` gives the option to npm and 9000 to us. With `--port=9000` we get
 * nothing.
 */
function refuseWhatNpmTook(options: Options, positionals: string[]): void {
  const { npm_lifecycle_event: script, ...env } = process.env;
  if (script === undefined || !SCRIPTS.has(script)) return;
  const taken = Object.keys(options)
    .filter((name) => !NPM_HAS.has(name))
    .map((name) => ({ name, value: env[`npm_config_${name.toLowerCase().replaceAll("-", "_")}`] }))
    .filter(({ value }) => value !== undefined);
  if (taken.length === 0) return;
  // A value after a space has become an argument.
  const loose = [...positionals];
  const restored = taken.map(({ name, value }) => {
    const given = value === "true" ? loose.pop() : value;
    return options[name]?.type === "string" ? `--${name} ${given ?? "…"}` : `--${name}`;
  });
  const command = script === "start" ? "npm start" : `npm run ${script}`;
  const inner = script === "nostr" ? [process.argv[2] ?? "", ...loose] : loose;
  throw new UsageError(
    `npm took ${taken.map(({ name }) => `--${name}`).join(" and ")} for itself, write: ${[command, "--", ...inner, ...restored].join(" ")}`,
  );
}
