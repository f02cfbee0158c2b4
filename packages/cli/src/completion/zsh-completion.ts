import { allCommands, type CommandNode, type OptionNode } from "./command-tree.js";

/** A script for `source <(siding completion zsh)`, or as a file _siding in a directory of $fpath. */
export function zshCompletion(root: CommandNode): string {
  const commands = allCommands(root);
  const paths = commands.slice(1).map(({ path }) => `"${path}"`);
  // Not $path: in zsh that is $PATH.
  return `#compdef ${root.name}
_${root.name}() {
  local at="${root.name}" i
  local -a subcommands values options
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      ${paths.join("|")}) at="$at \${words[i]}" ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${commands.flatMap(valueCases).join("\n")}
  esac
  case "$at" in
${commands.map(wordCase).join("\n")}
  esac
  (( $#subcommands )) && _describe -t commands command subcommands
  (( $#values )) && compadd -- $values
  _describe -o -t options option options
}
if [ "$funcstack[1]" = "_${root.name}" ]; then
  _${root.name} "$@"
else
  compdef _${root.name} ${root.name}
fi
`;
}

function valueCases({ path, options }: CommandNode): string[] {
  return options.flatMap(({ short, long, takes }) => {
    if (takes === "nothing") return [];
    const names = [short, long].filter((name) => name !== null).map((name) => `"${path} ${name}"`);
    const reply = takes === "any" ? "" : takes === "file" ? "_files; " : `compadd -- ${takes.map(quoted).join(" ")}; `;
    return [`    ${names.join("|")}) ${reply}return ;;`];
  });
}

function wordCase({ path, options, values, children }: CommandNode): string {
  const subcommands = children.map((child) => described(child.name, child.summary));
  const flags = options.map(({ long, summary }: OptionNode) => described(long, summary));
  return `    "${path}")
      subcommands=(${subcommands.join(" ")})
      values=(${values.map(quoted).join(" ")})
      options=(${flags.join(" ")}) ;;`;
}

/** As _describe reads it: the word up to the first colon. */
function described(word: string, summary: string): string {
  return quoted(`${word}:${summary.replaceAll(":", "\\:")}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
