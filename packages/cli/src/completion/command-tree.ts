import type { Command } from "commander";

/** A command as a shell has to know it. */
export interface CommandNode {
  /** From the program on: `siding events list`. */
  readonly path: string;
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly options: readonly OptionNode[];
  /** The values of its first argument, where these are known. */
  readonly values: readonly string[];
  readonly children: readonly CommandNode[];
}

export interface OptionNode {
  readonly short: string | null;
  readonly long: string;
  readonly summary: string;
  /** nothing: it takes no value. file: a path. any: what no shell can know. */
  readonly takes: "nothing" | "file" | "any" | readonly string[];
}

/** What commander knows of a command and all below it. */
export function commandTree(command: Command, parentPath = ""): CommandNode {
  const path = parentPath === "" ? command.name() : `${parentPath} ${command.name()}`;
  const help = command.createHelp();
  return {
    path,
    name: command.name(),
    summary: oneLine(command.description()),
    options: help.visibleOptions(command).flatMap((option) => {
      if (option.long == null) return [];
      const takesValue = option.required || option.optional;
      const free = option.long === "--config" ? "file" : "any";
      const takes = takesValue ? (option.argChoices ?? free) : "nothing";
      return [{ short: option.short ?? null, long: option.long, summary: oneLine(option.description), takes }];
    }),
    values: command.registeredArguments[0]?.argChoices ?? [],
    children: command.commands.map((child) => commandTree(child, path)),
  };
}

/** The command and all below it, itself first. */
export function allCommands(node: CommandNode): CommandNode[] {
  return [node, ...node.children.flatMap(allCommands)];
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
