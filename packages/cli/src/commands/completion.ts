import { Argument, Command } from "commander";
import { bashCompletion } from "../completion/bash-completion.js";
import { commandTree } from "../completion/command-tree.js";
import { fishCompletion } from "../completion/fish-completion.js";
import { zshCompletion } from "../completion/zsh-completion.js";

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

const NOTES = `
Examples:
  source <(siding completion bash)                                    for this shell; in ~/.bashrc for each
  siding completion zsh > "\${fpath[1]}/_siding"                       zsh, then: autoload -U compinit && compinit
  siding completion fish > ~/.config/fish/completions/siding.fish
`;

/** `siding completion`: a script for the shell, made of the commands that this release has. */
export function completionCommand(): Command {
  return new Command("completion")
    .description("print a script that completes commands, flags and their values in bash, zsh or fish")
    .addArgument(new Argument("<shell>", "which shell it is for").choices(Object.keys(SHELLS)))
    .addHelpText("after", NOTES)
    .action((shell: keyof typeof SHELLS, _flags: unknown, command: Command) => {
      process.stdout.write(SHELLS[shell](commandTree(command.parent!)));
    });
}
