/** Settings come from the command line and from a file that it names, and from nowhere else. */
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { workerOptionsOf } from "../../scripts/local/unstable.ts";
import { readSettings } from "../../scripts/shared/settings-option.ts";
import { freshFolder } from "../fixtures/cli.ts";
import { ROOT } from "../fixtures/program.ts";

const folder = freshFolder();

function write(name: string, text: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
}

it("--config is a file of NAME=VALUE, and --var goes before it", () => {
  const config = write(
    "my.env",
    [
      "# my relay",
      "",
      "RELAY_NAME=Ann's # relay",
      'RELAY_DESCRIPTION = "  two = words  "',
      "MAX_LIMIT=10\r",
      "DEFAULT_LIMIT=5",
      "UPSTREAMS='wss://a.example'",
    ].join("\n"),
  );
  expect(readSettings({ config, upstream: ["wss://b.example"], var: ["MAX_LIMIT=20"] })).toEqual({
    RELAY_NAME: "Ann's # relay",
    RELAY_DESCRIPTION: "  two = words  ",
    MAX_LIMIT: "20",
    DEFAULT_LIMIT: "5",
    UPSTREAMS: "wss://a.example,wss://b.example",
  });
});

it.each([
  ["MAX_LIMIT=banana", 'MAX_LIMIT is "banana", expected an integer'],
  ["\nMAX_LIMT=5", "line 2 names MAX_LIMT, which is not a setting, did you mean MAX_LIMIT?"],
  ["MAX_LIMIT", "line 1 is not NAME=VALUE"],
  ["MAX_LIMIT=1\nMAX_LIMIT=2", "line 2 sets MAX_LIMIT a second time"],
  ["NOSTR_SECRET_KEY=abc", "names NOSTR_SECRET_KEY, which is not a setting"],
])("a mistake in the file is one sentence: %j", (text, says) => {
  const config = write("my.env", text);
  expect(() => readSettings({ config, upstream: [], var: [] })).toThrow(says);
});

it("nothing of .env and .dev.vars reaches the Worker, nor is it told of", () => {
  const said = vi.spyOn(console, "log").mockImplementation(() => undefined);
  for (const name of [".env", ".env.local", ".dev.vars"])
    write(name, "NOSTR_SECRET_KEY=mySecretKey\nMAX_LIMIT=banana\n");
  const file = join(folder.path, "wrangler.toml");
  copyFileSync(join(ROOT, "wrangler.toml"), file);
  const options = workerOptionsOf(file, { RELAY_NAME: "mine" });
  expect(options.bindings).toEqual({ RELAY_NAME: "mine" });
  expect(JSON.stringify(options)).not.toMatch(/mySecretKey|banana/);
  expect(said).not.toHaveBeenCalled();
  said.mockRestore();
});
