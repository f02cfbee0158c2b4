import { Command } from "commander";
import { addConfigFlags } from "../config/read-flags.js";
import { addFilterFlags, addPageFlags, type FilterFlags, filterOf, type PageFlags } from "../inspect/filter-flags.js";
import { type AnswerFlags, printAnswer } from "../inspect/print-answer.js";
import { causesAnswer } from "../inspect/render-dead-groups.js";
import { eventsAnswer, shownAnswer } from "../inspect/render-events.js";
import { jobCommand } from "../jobs/job-command.js";
import { outputOption } from "../output-option.js";

const LIST_NOTES = `
A dead letter is an event that Kafka refused as often as SIDING_MAX_ATTEMPTS allows. They are grouped by cause: errors
that differ only in numbers and ids are one. --events lists the events themselves.

Examples:
  siding dead list
  siding dead list --tenant acme --events --limit 200
  siding dead list -o json | jq '.groups[] | {count, sample_error}'
`;

const REDRIVE_NOTES = `
Each dead letter goes out once, under its own key, behind what has passed it meanwhile; then it is dead no more. One that
Kafka refuses again stays dead. Events that waited behind a dead letter go on.

Examples:
  siding dead redrive --topic orders.created --dry-run
  siding dead redrive --tenant acme --reason "message.max.bytes raised"
`;

const DISCARD_NOTES = `
The dead letters are never published, and no list of dead letters shows them any more. Events that waited behind one go on.

Examples:
  siding dead discard --id 0198f1f0-6a5e-7c3b-9d2e-3f6a1b2c4d5e --reason "sent by hand"
`;

type DeadListFlags = FilterFlags & PageFlags & AnswerFlags & { readonly events?: boolean };

/** `siding dead`: what Kafka refused for good, and why; and what is to become of it. */
export function deadCommand(): Command {
  return new Command("dead")
    .description("look up dead letters: which there are, and why")
    .addHelpText("after", "\nExamples:\n  siding dead list\n  siding dead show EVENT-ID\n")
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(jobCommand("redrive", "publish dead letters, once their cause is gone", REDRIVE_NOTES))
    .addCommand(jobCommand("discard", "rule that dead letters are not to be published", DISCARD_NOTES));
}

function listCommand(): Command {
  const command = new Command("list")
    .description("list dead letters by cause, or one by one")
    .addHelpText("after", LIST_NOTES)
    .option("--events", "one by one, newest first");
  addPageFlags(addFilterFlags(command)).addOption(outputOption());
  return addConfigFlags(command).action(async (flags: DeadListFlags) => {
    const filter = filterOf(flags);
    await printAnswer(flags, async (source) => {
      // A cursor comes from a list of events, whether the flag is given again or not.
      if (flags.events === true || flags.cursor !== undefined) {
        return eventsAnswer(await source.list({ ...filter, status: "dead" }, flags, { list: "dead", flags }));
      }
      return causesAnswer(await source.deadCauses(filter, flags.limit));
    });
  });
}

function showCommand(): Command {
  const command = new Command("show")
    .description("show one dead letter with its error, headers and payload")
    .argument("<event-id>")
    .option("--tenant <id>", "of this tenant, where an application gave several the same id")
    .addOption(outputOption())
    .addHelpText("after", "\nExample:\n  siding dead show 0198f1f0-6a5e-7c3b-9d2e-3f6a1b2c4d5e\n");
  return addConfigFlags(command).action(async (eventId: string, flags: { readonly tenant?: string } & AnswerFlags) => {
    await printAnswer(flags, async (source) => shownAnswer(await source.show(eventId, flags.tenant, "dead")));
  });
}
