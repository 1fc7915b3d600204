import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { onTestFinished, expect, it } from "vitest";
import { withSourcePositions } from "../../scripts/local/source-positions.ts";
import { bundle, mapFileOf } from "../../scripts/shared/bundle.ts";
import { ROOT } from "../fixtures/program.ts";

it("builds a Worker again when something that went into it has changed, and only then", async () => {
  const config = `tests/scripts/bundled-${process.pid}/wrangler.toml`;
  const folder = join(ROOT, dirname(config));
  const cached = join(ROOT, "node_modules", ".cache", "tributary", `${config.replaceAll("/", "-")}.json`);
  onTestFinished(() => {
    for (const path of [folder, cached, mapFileOf(basename(folder))])
      rmSync(path, { recursive: true, force: true });
  });
  mkdirSync(folder);
  const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
  write("wrangler.toml", 'name = "bundled"\nmain = "main.js"\ncompatibility_date = "2026-10-01"\n');
  write(
    "main.js",
    'import { said } from "./said.js";\nexport default { fetch: () => new Response(said) };\n',
  );
  write("said.js", 'export const said = "the first";\n');
  // A file that is written just now looks like one that changes during the build.
  await new Promise((later) => setTimeout(later, 20));

  const first = await bundle(config);
  expect(first).toEqual([expect.objectContaining({ type: "ESModule", path: `bundled-${process.pid}.js` })]);
  expect(first[0]?.contents).toContain("the first");
  const lines = String(first[0]?.contents).split("\n");
  const line = lines.findIndex((text) => text.includes("new Response"));
  const column = lines[line]?.indexOf("new Response") ?? -1;
  const stack = (at: string) => `Error: no\n    at a (${at})\n    at async b (node:internal/x:1:2)`;
  expect(withSourcePositions(stack(`file:///${first[0]?.path}:${line + 1}:${column + 1}`))).toBe(
    stack(`file:///${dirname(config)}/main.js:2:31`),
  );
  const builtAt = statSync(cached).mtimeMs;
  expect(await bundle(config)).toEqual(first);
  expect(statSync(cached).mtimeMs).toBe(builtAt);

  write("said.js", 'export const said = "another";\n');
  expect((await bundle(config))[0]?.contents).toContain("another");
  writeFileSync(cached, "{");
  expect((await bundle(config))[0]?.contents).toContain("another");
});
