import { describe, expect, test } from "vitest";
import { SidingProcess } from "../relay-process.js";

async function helpOf(path: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new SidingProcess([...path, "--help"], {}).ended;
  expect({ path, code, stderr }).toEqual({ path, code: 0, stderr: "" });
  return stdout;
}

/** Every command there is, groups too, with its help. */
async function allHelp(path: readonly string[] = []): Promise<(readonly [string, string])[]> {
  const help = await helpOf(path);
  const list = /^Commands:\n((?: {2}.*\n|\n(?= {2}))*)/m.exec(help)?.[1] ?? "";
  const names = [...list.matchAll(/^ {2}([a-z-]+)/gm)].map((match) => match[1]!).filter((name) => name !== "help");
  const below = (await Promise.all(names.map((name) => allHelp([...path, name])))).flat();
  return [[["siding", ...path].join(" "), help], ...below];
}

describe("the help of every command", () => {
  test("shows examples, which are of that command, and how it may be printed", async () => {
    const all = await allHelp();
    expect(all.map(([path]) => path)).toEqual(expect.arrayContaining(["siding events list", "siding doctor"]));
    for (const [path, help] of all) {
      const examples = help.split(/^Examples?:\n/m)[1];
      expect(examples, `${path} has no examples`).toBeDefined();
      expect(examples, `${path}'s examples are not its own`).toContain(path === "siding" ? "siding " : path);
      if (!help.includes("-o, --output")) continue;
      expect(help.replace(/\s+/g, " "), path).toContain('(choices: "table", "json", default: "table")');
    }
  }, 180_000);
});
