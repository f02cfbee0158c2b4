import { allCommands, type CommandNode } from "./command-tree.js";

/** A script for `source <(siding completion bash)`: it asks nothing of siding, so each Tab is immediate. */
export function bashCompletion(root: CommandNode): string {
  const commands = allCommands(root);
  const paths = commands.slice(1).map(({ path }) => `"${path}"`);
  return `# bash completion for ${root.name}
_${root.name}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" at="${root.name}" words="" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${paths.join("|")}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $previous" in
${commands.flatMap(valueCases).join("\n")}
  esac
  case "$at" in
${commands.map(wordCase).join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _${root.name} ${root.name}
`;
}

/** What follows an option. */
function valueCases({ path, options }: CommandNode): string[] {
  return options.flatMap(({ short, long, takes }) => {
    if (takes === "nothing") return [];
    const names = [short, long].filter((name) => name !== null).map((name) => `"${path} ${name}"`);
    const reply =
      takes === "any"
        ? ""
        : takes === "file"
          ? 'COMPREPLY=($(compgen -f -- "$cur")); '
          : `COMPREPLY=($(compgen -W "${takes.join(" ")}" -- "$cur")); `;
    return [`    ${names.join("|")}) ${reply}return ;;`];
  });
}

function wordCase({ path, options, values, children }: CommandNode): string {
  const words = [...children.map(({ name }) => name), ...values, ...options.map(({ long }) => long)];
  return `    "${path}") words="${words.join(" ")}" ;;`;
}
