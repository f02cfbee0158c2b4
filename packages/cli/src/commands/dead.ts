import { Command, Option } from "commander";
import { addConfigFlags } from "../config/read-flags.js";
import { addFilterFlags, addPageFlags, type FilterFlags, filterOf, type PageFlags } from "../inspect/filter-flags.js";
import { type AnswerFlags, printAnswer } from "../inspect/print-answer.js";
import { causesAnswer } from "../inspect/render-dead-groups.js";
import { eventsAnswer, shownAnswer } from "../inspect/render-events.js";

const LIST_NOTES = `
A dead letter is an event that Kafka refused as often as SIDING_MAX_ATTEMPTS allows. They are grouped by cause: errors
that differ only in numbers and ids are one. --events lists the events themselves.

Examples:
  siding dead list
  siding dead list --tenant acme --events --limit 200
  siding dead list -o json | jq '.groups[] | {count, sample_error}'
`;

type DeadListFlags = FilterFlags & PageFlags & AnswerFlags & { readonly events?: boolean };

/** `siding dead`: what Kafka refused for good, and why; read from Postgres, or from an admin API. */
export function deadCommand(): Command {
  return new Command("dead")
    .description("look up dead letters: which there are, and why")
    .addHelpText("after", "\nExamples:\n  siding dead list\n  siding dead show EVENT-ID\n")
    .addCommand(listCommand())
    .addCommand(showCommand());
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

function outputOption(): Option {
  return new Option("-o, --output <format>", "how to print it").choices(["table", "json"]).default("table");
}
