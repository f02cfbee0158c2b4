import { allCommands, type CommandNode, type OptionNode } from "./command-tree.js";

/** A script for `siding completion fish | source`, or as ~/.config/fish/completions/siding.fish. */
export function fishCompletion(root: CommandNode): string {
  const commands = allCommands(root);
  const paths = commands.slice(1).map(({ path }) => quoted(path));
  return `# fish completion for ${root.name}
function __${root.name}_at
    set -l at ${root.name}
    for word in (commandline -opc)[2..]
        contains -- "$at $word" ${paths.join(" ")}; and set at "$at $word"
    end
    test "$at" = "$argv[1]"
end
complete -c ${root.name} -f
${commands.flatMap((command) => lines(root.name, command)).join("\n")}
`;
}

function lines(program: string, { path, options, values, children }: CommandNode): string[] {
  const start = `complete -c ${program} -n ${quoted(`__${program}_at ${quoted(path)}`)}`;
  return [
    ...children.map(({ name, summary }) => `${start} -a ${name} -d ${quoted(summary)}`),
    ...(values.length === 0 ? [] : [`${start} -a ${quoted(values.join(" "))}`]),
    ...options.map((option) => `${start} ${flags(option)} -d ${quoted(option.summary)}`),
  ];
}

function flags({ short, long, takes }: OptionNode): string {
  const names = `${short === null ? "" : `-s ${short.slice(1)} `}-l ${long.slice(2)}`;
  if (takes === "nothing") return names;
  if (takes === "file") return `${names} -rF`;
  return takes === "any" ? `${names} -x` : `${names} -xa ${quoted(takes.join(" "))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
