/** Checks the docs against the code. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openApiDocument } from "../../http/openapi/openapi.ts";
import { relayDocument } from "../../http/relay-document.ts";
import { parseConfig } from "../../relay/config.ts";
import { configurationDoc } from "../../scripts/shared/configuration-doc.ts";
import { PLAIN_COUNTERS } from "../../telemetry/analytics.ts";
import { KINDS, OUTCOMES, REASONS, ROUTES, VERBS } from "../../telemetry/labels.ts";
import { BUCKETS, COUNTED, READ } from "../../telemetry/metrics.ts";

const ROOT = new URL("../../", import.meta.url);
const GUIDES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...list("docs", ".md")];
const FOLDERS = readdirSync(ROOT, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), "utf8");
}

function list(folder: string, ending: string): string[] {
  const files = readdirSync(new URL(`${folder}/`, ROOT), { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(ending),
  );
  return files.map((file) => `${folder}/${file}`);
}

function missing(paths: string[], base: URL): string[] {
  return paths.filter((path) => !existsSync(new URL(path, base)));
}

/** Returns the targets of links within the project. */
function linksIn(text: string): string[] {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => target.replace(/#.*/, ""))
    .filter((target) => target !== "");
}

/** Returns the words in code quotes that look like paths of this repository. */
function pathsIn(text: string): string[] {
  const words = [...text.matchAll(/`([^`\n]+)`/g)].flatMap(([, code = ""]) => code.split(" "));
  return words.filter((word) => {
    if (!/^[\w.-]+(\/[\w.-]+)*\/?$/.test(word)) return false;
    const folder = word.includes("/") && FOLDERS.includes(word.split("/")[0] ?? "");
    return folder || /\w\.(ts|md|toml|json|sql)$/.test(word);
  });
}

/** Returns the names of npm scripts. */
function npmScriptsIn(text: string): string[] {
  const calls = text.matchAll(/\bnpm (?:run (?:--silent |-s )?([a-z][\w:-]*)|(start|test)\b)/g);
  return [...calls].map(([, run, short]) => run ?? short ?? "");
}

/** Returns the rows of the tables in a page, each as a list of cells. */
function rowsOf(path: string): string[][] {
  const lines = read(path)
    .split("\n")
    .filter((line) => line.startsWith("| "));
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

it("the checks below see what they are to see", () => {
  const text =
    "[a](docs/no.md#x) [b](https://x.example) `nostr/no.ts` `no.ts` `relay/` `npm run no` `text/html`";
  expect(linksIn(text)).toEqual(["docs/no.md"]);
  expect(pathsIn(text)).toEqual(["nostr/no.ts", "no.ts", "relay/"]);
  expect(npmScriptsIn(`${text} npm start -- x, npm run --silent no:more`)).toEqual([
    "no",
    "start",
    "no:more",
  ]);
});

describe.each(GUIDES)("%s", (guide) => {
  const text = read(guide);

  it("links to what exists", () => {
    expect(missing(linksIn(text), new URL(guide, ROOT))).toEqual([]);
  });

  it("names paths that exist", () => {
    expect(missing(pathsIn(text), ROOT)).toEqual([]);
  });

  it("names npm scripts that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: object };
    expect(npmScriptsIn(text).filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  it("starts no TypeScript but through npm, which finds a Node that is new enough", () => {
    expect(text.match(/\bnode \S+\.ts\b/g)).toBeNull();
  });
});

it("docs/configuration.md is what npm run docs writes", () => {
  expect(read("docs/configuration.md")).toBe(configurationDoc());
});

describe("docs/metrics.md", () => {
  const quoted = (words: readonly string[]) => words.map((word) => `\`${word}\``).join(", ");
  const rows = rowsOf("docs/metrics.md");

  it("has every metric, with its type, labels and meaning, and no other", () => {
    const counted = Object.entries(COUNTED).map(([name, { type, labels, help }]) => [
      quoted([name]),
      type,
      quoted(Object.keys(labels)),
      help,
    ]);
    const isOfUpstreams = (name: string) => name.startsWith("upstream_");
    const read = Object.entries(READ).map(([name, { type, help }]) => [
      quoted([name]),
      type,
      isOfUpstreams(name) ? "`upstream`" : "",
      help,
    ]);
    const types = ["counter", "histogram", "gauge"];
    expect(rows.filter(([, type = ""]) => types.includes(type))).toEqual([...counted, ...read]);
  });

  it("has every value of every label, and the buckets", () => {
    const values: Record<string, readonly string[]> = {
      kind: KINDS,
      reason: REASONS,
      verb: VERBS,
      route: ROUTES,
      outcome: OUTCOMES,
    };
    for (const [label, all] of Object.entries(values))
      expect(rows).toContainEqual([quoted([label]), quoted(all)]);
    const labels = new Set(Object.values(COUNTED).flatMap((metric) => Object.keys(metric.labels)));
    expect([...labels].filter((label) => !(label in values))).toEqual(["source"]);
    expect(read("docs/metrics.md")).toContain(
      `${BUCKETS.slice(0, -1).join(", ")} and ${BUCKETS.at(-1)} seconds`,
    );
  });
});

it("docs/analytics.md has every double of every point", () => {
  const rows = rowsOf("docs/analytics.md");
  for (const [at, name] of PLAIN_COUNTERS.entries())
    expect(rows).toContainEqual([`\`double${at + 1}\``, `\`${name}\``]);
  const others = Object.entries(COUNTED).flatMap(([name, { type, labels }]) => {
    const [first = ""] = Object.keys(labels);
    const columns = Object.values<readonly string[]>(labels)[1];
    if (type === "histogram") return [[`\`${name}\``, first]];
    const doubles = columns?.map((column, at) => `\`double${at + 1}\` ${column}`).join(", ");
    return doubles === undefined ? [] : [[`\`${name}\``, first, doubles]];
  });
  expect(rows).toEqual(expect.arrayContaining(others));
});

it("docs/observing.md has every span that is recorded, and no other", () => {
  const sources = ["relay", "store", "worker", "aggregator"]
    .flatMap((folder) => list(folder, ".ts"))
    .filter((path) => !path.endsWith(".test.ts"))
    .map(read);
  const recorded = sources.flatMap((source) =>
    [...source.matchAll(/\b(?:tracer\.span|inChild)\((?:[\w.]+, )*"(\w+)"/g)].map(([, name]) => name),
  );
  const told = rowsOf("docs/observing.md")
    .filter(([service = ""]) => /^(`relay`|`aggregator`|`switchboard`|both)$/.test(service))
    .map(([, name = ""]) => name.replaceAll("`", ""));
  expect(new Set(told)).toEqual(new Set(recorded));
});

it("docs/http.md has every request and every outcome that the OpenAPI document has, and no other", async () => {
  const document = openApiDocument("");
  const paths = Object.entries(document.paths);
  const requests = paths.flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `\`${method.toUpperCase()} ${path}\``),
  );
  const rows = rowsOf("docs/http.md");
  const told = rows.map(([request = ""]) => request).filter((request) => /^`(GET|POST) /.test(request));
  expect(told.toSorted()).toEqual(requests.toSorted());
  const outcomes = rows.filter(([status = ""]) => /^20\d$/.test(status)).map(([, outcome]) => outcome);
  expect(document.components.schemas).toMatchObject({
    PublishResult: { properties: { outcome: { enum: outcomes.map((outcome) => outcome?.slice(1, -1)) } } },
  });
});

/** The NIPs of NIP-11, with all optional ones switched on. */
const advertised = (() => {
  const parsed = parseConfig({ EOSE_HINTS: "on" });
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return relayDocument(parsed.config, "0").supported_nips.map((nip) => String(nip).padStart(2, "0"));
})();

it("README.md names the NIPs that the relay tells of", () => {
  const line = /^- Serves (NIP-.*)$/m.exec(read("README.md"))?.[1] ?? "";
  expect(line.match(/NIP-\d\d/g)).toEqual(advertised.map((nip) => `NIP-${nip}`));
});

it("CONTRIBUTING.md names every folder of tests, and the limits that lint holds files and functions to", () => {
  const text = read("CONTRIBUTING.md");
  const folders = readdirSync(new URL("tests/", ROOT)).filter((folder) => folder !== "fixtures");
  expect(folders.filter((folder) => !text.includes(`\`tests/${folder}\``))).toEqual([]);
  const { rules } = JSON.parse(read(".oxlintrc.json")) as {
    rules: Record<string, [string, { max: number }]>;
  };
  const [files, functions] = ["eslint/max-lines", "eslint/max-lines-per-function"].map(
    (rule) => rules[rule]?.[1].max,
  );
  expect(text).toContain(`at most ${files} lines, functions at most ${functions}`);
});

describe("docs/nips.md", () => {
  const rows = rowsOf("docs/nips.md").filter(([nip = ""]) => /^\d\d$/.test(nip));

  it("has the NIPs that the relay tells of, and no other", () => {
    expect(rows.map(([nip]) => nip)).toEqual(advertised);
  });

  it.each(rows)("names tests of NIP-%s", (_nip, _kept, tests = "") => {
    const paths = pathsIn(tests);
    expect(paths.length).toBeGreaterThan(0);
    for (const path of paths) expect(read(path)).toMatch(/\[\d\d?\]/);
  });

  it("has a test for every line", () => {
    const lines = [...read("docs/nips.md").matchAll(/^(\d+)\. /gm)].map(([, line]) => Number(line));
    expect(lines).toEqual(Array.from({ length: 38 }, (_, at) => at + 1));
    const proven = new Set(
      testTitles().flatMap((title) => [...title.matchAll(/\[(\d+)\]/g)].map(([, line]) => Number(line))),
    );
    expect(lines.filter((line) => !proven.has(line))).toEqual([]);
  });
});

/** Returns the numbers at the start of the titles of tests. */
function testTitles(): string[] {
  return testFiles().flatMap((file) => read(file).match(/["'`](?:\[\d+\] ?)+/g) ?? []);
}

/** Skips packages, and folders that other tests create and remove meanwhile. */
function testFiles(folder = ""): string[] {
  const entries = readdirSync(new URL(`./${folder}`, ROOT), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory())
      return /^(\.|node_modules|bundled-)/.test(entry.name) ? [] : testFiles(`${path}/`);
    return /(\.test|contract\/[\w-]+)\.ts$/.test(path) ? [path] : [];
  });
}
