import { spawnSync } from "node:child_process";
import { Argument, Command, Option } from "commander";
import { describe, expect, test } from "vitest";
import { bashCompletion } from "./bash-completion.js";
import { commandTree } from "./command-tree.js";
import { fishCompletion } from "./fish-completion.js";
import { zshCompletion } from "./zsh-completion.js";

/** With what shells trip over: quotes, colons, dollars and backticks in what commands say of themselves. */
const HOSTILE = 'what\'s `there`: $HOME and "more" \\ so';

function program(): Command {
  const output = (): Option => new Option("-o, --output <format>", HOSTILE).choices(["table", "json"]);
  const list = new Command("list").description("list them").addOption(output()).option("--tenant <id>", "of one");
  const events = new Command("events").description(HOSTILE).addCommand(list).addCommand(new Command("show"));
  const shell = new Command("completion").addArgument(new Argument("<shell>").choices(["bash", "zsh"]));
  return new Command("siding")
    .version("1")
    .addCommand(events)
    .addCommand(new Command("check").option("--config <file>", "a file").option("--dry-run", "only look"))
    .addCommand(shell);
}

const tree = commandTree(program());

function run(shell: string, args: readonly string[], input: string): string[] {
  const { stdout, stderr, status } = spawnSync(shell, args, { input, encoding: "utf8", timeout: 20_000 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split("\n").filter((line) => line !== "");
}

function isThere(shell: string): boolean {
  return spawnSync(shell, ["--version"]).error === undefined;
}

/** What bash answers when Tab is pressed behind these words. */
function bash(...words: string[]): string[] {
  const script = `${bashCompletion(tree)}
COMP_WORDS=(siding ${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}
_siding; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return run("bash", ["--norc"], script);
}

/** What zsh is handed: its own completion functions only show in a terminal, so these print what they are called with. */
function zsh(...words: string[]): string[] {
  const script = `compdef() {}; _files() { print -- FILES }
compadd() { shift; print -rl -- "$@" }
_describe() { local name=$@[-1]; print -rl -- \${(P)name} }
${zshCompletion(tree)}
words=(siding ${words.map((word) => `'${word}'`).join(" ")}); CURRENT=${words.length + 1}
_siding`;
  return run("zsh", ["-f"], script);
}

function fish(line: string): string[] {
  const script = `${fishCompletion(tree)}\ncomplete -C '${line}'`;
  return run("fish", ["--no-config", "-c", script], "").map((answer) => answer.split("\t")[0]!);
}

describe.skipIf(!isThere("bash"))("in bash", () => {
  test("commands, what is below them, their flags and the values of these are completed", () => {
    expect(bash("ev")).toEqual(["events"]);
    expect(bash("events", "")).toEqual(expect.arrayContaining(["list", "show"]));
    expect(bash("events", "list", "--t")).toEqual(["--tenant"]);
    expect(bash("events", "list", "-o", "")).toEqual(["table", "json"]);
    expect(bash("events", "list", "--output", "j")).toEqual(["json"]);
    expect(bash("completion", "z")).toEqual(["zsh"]);
  });

  test("what nobody can know is not guessed, and a value is no command", () => {
    expect(bash("events", "list", "--tenant", "")).toEqual([]);
    expect(bash("check", "--config", "/etc/hos")).toContain("/etc/hosts");
    expect(bash("check", "--dry-run", "--")).toEqual(expect.arrayContaining(["--config", "--dry-run"]));
  });
});

describe.skipIf(!isThere("zsh"))("in zsh", () => {
  test("the same, each with what it does", () => {
    expect(zsh("events", "l")).toEqual(expect.arrayContaining(["list:list them"]));
    expect(zsh("")).toContain(`events:${HOSTILE.replace(":", "\\:")}`);
    expect(zsh("events", "list", "-o", "")).toEqual(["table", "json"]);
    expect(zsh("events", "list", "--tenant", "")).toEqual([]);
    expect(zsh("check", "--config", "")).toEqual(["FILES"]);
    expect(zsh("completion", "")).toEqual(expect.arrayContaining(["bash", "zsh"]));
  });
});

describe.skipIf(!isThere("fish"))("in fish", () => {
  test("the same", () => {
    expect(fish("siding ev")).toEqual(["events"]);
    expect(fish("siding events ")).toEqual(expect.arrayContaining(["list", "show"]));
    expect(fish("siding events list --t")).toEqual(["--tenant"]);
    expect(fish("siding events list -o ")).toEqual(["json", "table"]);
    expect(fish("siding completion z")).toEqual(["zsh"]);
    expect(fish("siding events list --tenant x")).toEqual([]);
  });
});
