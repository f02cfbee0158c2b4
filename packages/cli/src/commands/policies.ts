import { SidingError } from "@siding/core/errors.js";
import { NOTHING_SAID, type Policy, type PolicyMatch } from "@siding/core/policy/policy.js";
import { Command } from "commander";
import { addConfigFlags } from "../config/read-flags.js";
import { tableOptions } from "../inspect/print-answer.js";
import { outputOption } from "../output-option.js";
import { type ChangeFlags, changeAtDesk, lookAtDesk } from "../tenants/change-policies.js";
import { addPolicyFlags, type PolicyFlags, saidBy } from "../tenants/policy-flags.js";
import { policyJson, renderDifference, renderPolicies, saidOf } from "../tenants/render-policies.js";

const NOTES = `
Each field is settled by itself: a tenant's own policy (\`siding tenants set\`) before patterns, patterns before
percentages, those before the defaults; among equals the higher priority. The value \`unset\` takes a field back.
A change acts within a second, without a restart. docs/tenants.md goes through it by task.

Examples:
  siding policies list
  siding policies set europe --pattern 'eu-*' --weight 2 --reason "paid for"
  siding policies set tighter --percent 10 --quota 500/60s --quota-mode observe --reason "canary" --yes
  siding policies set tighter --percent 100 --quota-mode enforce --reason "canary was fine" --yes
  siding policies remove tighter --reason "done" --yes
`;

type SetFlags = ChangeFlags &
  PolicyFlags & { readonly pattern?: string; readonly percent?: string; readonly priority?: string };

/** `siding policies`: what holds for many tenants at once. */
export function policiesCommand(): Command {
  return new Command("policies")
    .description("what holds for tenants by pattern, or for a stable percentage of them")
    .addHelpText("after", NOTES)
    .addCommand(listCommand())
    .addCommand(setCommand())
    .addCommand(removeCommand());
}

function listCommand(): Command {
  const command = new Command("list").description("list every policy, tenants' own too").addOption(outputOption());
  command.addHelpText("after", "\nExample:\n  siding policies list -o json\n");
  return addConfigFlags(command).action(async (flags: { readonly output: "table" | "json" }) => {
    await lookAtDesk(flags, async (desk) => {
      const { policies, authors } = await desk.read();
      const sorted = [...policies].sort((a, b) => (a.name < b.name ? -1 : 1));
      const document = { policies: sorted.map((policy) => policyJson(policy, authors.get(policy.name))) };
      process.stdout.write(
        flags.output === "json"
          ? `${JSON.stringify(document, undefined, 2)}\n`
          : renderPolicies(sorted, authors, tableOptions()),
      );
    });
  });
}

function setCommand(): Command {
  const command = new Command("set")
    .description("lay a policy down, or change what it says; fields that are not named stay")
    .argument("<name>", "1 to 63 letters, digits, dots, dashes or underscores")
    .option("--pattern <glob>", "tenants whose name fits: * is any text, ? one character")
    .option("--percent <number>", "a stable part of all tenants, 0 to 100")
    .option("--priority <number>", "among policies of the same kind the higher speaks first");
  addWordFlags(addPolicyFlags(command)).addHelpText("after", NOTES);
  return addConfigFlags(command).action(async (name: string, flags: SetFlags) => {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)) {
      const what = "expected 1 to 63 letters, digits, dots, dashes or underscores";
      throw new SidingError("SIDING_USAGE", `the policy's name is ${JSON.stringify(name.slice(0, 80))}: ${what}`);
    }
    const match = matchOf(flags);
    const priority = flags.priority === undefined ? undefined : parsePriority(flags.priority);
    const said = saidBy(flags);
    await changeAtDesk(flags, async (desk, book, author) => {
      const before = book.policies.find((policy) => policy.name === name);
      const aim = match ?? before?.match;
      if (aim === undefined) {
        throw new SidingError("SIDING_USAGE", `policy ${name} is new: give --pattern GLOB or --percent NUMBER`);
      }
      const settings = { ...(before?.settings ?? NOTHING_SAID), ...said };
      const after: Policy = { name, match: aim, priority: priority ?? before?.priority ?? 0, settings };
      await desk.setPolicy(after, author);
      return {
        json: { policy: policyJson(after, undefined) },
        text: renderDifference(before === undefined ? {} : lines(before), lines(after)),
      };
    });
  });
}

function removeCommand(): Command {
  const command = new Command("remove").description("take a policy away").argument("<name>");
  addWordFlags(command).addHelpText("after", '\nExample:\n  siding policies remove tighter --reason "done"\n');
  return addConfigFlags(command).action(async (name: string, flags: ChangeFlags) => {
    await changeAtDesk(flags, async (desk, book, author) => {
      const before = book.policies.find((policy) => policy.name === name);
      if (before === undefined || !(await desk.removePolicy(name, author))) {
        throw new SidingError("SIDING_USAGE", `there is no policy ${JSON.stringify(name.slice(0, 80))}`);
      }
      return { json: { removed: policyJson(before, undefined) }, text: renderDifference(lines(before), {}) };
    });
  });
}

export function addWordFlags(command: Command): Command {
  return command
    .option("--reason <text>", "why, for the record")
    .option("--dry-run", "show what it would do, and change nothing")
    .option("--yes", "do not ask")
    .addOption(outputOption());
}

function lines(policy: Policy): Record<string, string> {
  const { match, priority } = policy;
  const whom =
    match.kind === "pattern"
      ? { pattern: match.pattern }
      : match.kind === "percentage"
        ? { percent: String(match.percent) }
        : {};
  return { ...whom, priority: String(priority), ...saidOf(policy) };
}

function matchOf({ pattern, percent }: SetFlags): PolicyMatch | undefined {
  if (pattern !== undefined && percent !== undefined) {
    throw new SidingError("SIDING_USAGE", "a policy is for a --pattern or for a --percent, not both");
  }
  if (pattern !== undefined) {
    if (pattern.length >= 1 && [...pattern].length <= 255) return { kind: "pattern", pattern };
    throw new SidingError("SIDING_USAGE", "--pattern has 1 to 255 characters");
  }
  if (percent === undefined) return undefined;
  if (/^\d{1,3}(\.\d{1,3})?$/.test(percent) && Number(percent) <= 100) {
    return { kind: "percentage", percent: Number(percent) };
  }
  const shown = JSON.stringify(percent.slice(0, 80));
  throw new SidingError("SIDING_USAGE", `--percent is ${shown}: expected a number from 0 to 100`);
}

function parsePriority(text: string): number {
  if (/^-?\d{1,6}$/.test(text)) return Number(text);
  const shown = JSON.stringify(text.slice(0, 80));
  throw new SidingError("SIDING_USAGE", `--priority is ${shown}: expected a whole number, such as 10`);
}
