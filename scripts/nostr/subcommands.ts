/** Commands that have commands of their own, such as `upstream add`. */
import { didYouMean } from "../shared/nearest.ts";
import { UsageError } from "../shared/usage.ts";

export interface Subcommand {
  /** What follows the name, such as `URL [options]`. */
  usage: string;
  /** For the list of subcommands. */
  summary: string;
  /** The text below the usage: what it does, and its options. */
  about: string;
  run(args: string[]): Promise<void>;
}

type Subcommands = Record<string, Subcommand>;

/** Returns the help of the subcommand that the arguments name, or the list of all. */
export function helpOn(command: string, about: string, subcommands: Subcommands) {
  return ([name = ""]: string[]): string => {
    const one = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
    if (one) return `Usage: npm run nostr -- ${command} ${name} ${one.usage}\n\n${one.about}`;
    const lines = Object.entries(subcommands).map(
      ([other, { usage, summary }]) => `  ${`${other} ${usage}`.padEnd(34)} ${summary}`,
    );
    return `Usage: npm run nostr -- ${command} <subcommand> [options]

${about}

${lines.join("\n")}

Each has --help.
`;
  };
}

/** Runs the subcommand that the first argument names. */
export function runSubcommand(subcommands: Subcommands, [name, ...args]: string[]): Promise<void> {
  const names = Object.keys(subcommands);
  if (name === undefined || name.startsWith("-"))
    throw new UsageError(`a subcommand is missing, there are ${names.join(", ")}`);
  const one = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (one) return one.run(args);
  const near = didYouMean(name, names) || `, there are ${names.join(", ")}`;
  throw new UsageError(`there is no subcommand ${JSON.stringify(name)}${near}`);
}
