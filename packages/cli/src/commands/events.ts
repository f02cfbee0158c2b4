import { Command } from "commander";
import { addConfigFlags } from "../config/read-flags.js";
import {
  addFilterFlags,
  addPageFlags,
  addStatusFlag,
  type FilterFlags,
  filterOf,
  type PageFlags,
} from "../inspect/filter-flags.js";
import { type AnswerFlags, printAnswer } from "../inspect/print-answer.js";
import { eventsAnswer, shownAnswer } from "../inspect/render-events.js";
import { jobCommand } from "../jobs/job-command.js";
import { outputOption } from "../output-option.js";

const LIST_NOTES = `
Newest first. A list that is not at its end answers a cursor: the same command with --cursor goes on from there. Times
are those of the database's clock; around a moment at which it was set back, --since and --until may miss events.

Examples:
  siding events list --tenant acme --since 2h
  siding events list --key order-7 -o json | jq '.events[].status'
  siding events list --status pending --topic orders.created --limit 200
`;

const SHOW_NOTES = `
Examples:
  siding events show 0198f1f0-6a5e-7c3b-9d2e-3f6a1b2c4d5e
  siding events show 0198f1f0-6a5e-7c3b-9d2e-3f6a1b2c4d5e -o json | jq .payload
`;

const REPLAY_NOTES = `
Published events go out once more, with the same event id and key and the header replay-job-id. Dead letters among them
are redriven. Events that still wait in a lane are left to it; those that are tried again are tried at once.
What is asked for is fixed now: nothing that is published later is replayed. A relay does it, behind live traffic.

Examples:
  siding events replay --tenant acme --since 24h --dry-run
  siding events replay --tenant acme --topic orders.created --status published --rate 500 --reason "index rebuilt"
  siding events replay --id 0198f1f0-6a5e-7c3b-9d2e-3f6a1b2c4d5e --reason "consumer lost it" --yes --wait
`;

/** `siding events`: which events there are and what became of them, and how they go out once more. */
export function eventsCommand(): Command {
  return new Command("events")
    .description("look up events: which there are, what became of them, what they carry")
    .addHelpText("after", "\nExamples:\n  siding events list --tenant acme --since 2h\n  siding events show EVENT-ID\n")
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(jobCommand("replay", "publish events once more", REPLAY_NOTES));
}

function listCommand(): Command {
  const command = new Command("list").description("list events, newest first").addHelpText("after", LIST_NOTES);
  addPageFlags(addStatusFlag(addFilterFlags(command))).addOption(outputOption());
  return addConfigFlags(command).action(async (flags: FilterFlags & PageFlags & AnswerFlags) => {
    await printAnswer(flags, async (source) =>
      eventsAnswer(await source.list(filterOf(flags), flags, { list: "events", flags })),
    );
  });
}

function showCommand(): Command {
  const command = new Command("show")
    .description("show one event with its headers and payload")
    .argument("<event-id>")
    .option("--tenant <id>", "of this tenant, where an application gave several the same id")
    .addOption(outputOption())
    .addHelpText("after", SHOW_NOTES);
  return addConfigFlags(command).action(async (eventId: string, flags: { readonly tenant?: string } & AnswerFlags) => {
    await printAnswer(flags, async (source) => shownAnswer(await source.show(eventId, flags.tenant, undefined)));
  });
}
