import { statusDocument } from "@siding/admin/server/documents.js";
import { readStatus } from "@siding/store-postgres/read-status.js";
import { Command } from "commander";
import { addConfigFlags } from "../config/read-flags.js";
import { writeAnswer } from "../inspect/print-answer.js";
import { outputOption } from "../output-option.js";
import { renderStatusTable } from "../status/render-status-table.js";
import { loadTarget } from "../target.js";

const TENANTS_SHOWN = 20;

/** `siding status`: relays, shards, lag and backlog, and what waits for what; read from Postgres, or from an admin API. */
export function statusCommand(): Command {
  const command = new Command("status")
    .description("show relays, shards, lag and backlog, and why what waits does")
    .addOption(outputOption())
    .addHelpText(
      "after",
      "\nExamples:\n  siding status\n  siding status -o json | jq '.shards[] | select(.lag_ms > 60000)'\n",
    );
  return addConfigFlags(command).action(async (flags: { readonly output: "table" | "json" }) => {
    const target = loadTarget(flags);
    const status =
      target.kind === "api"
        ? await target.api.status()
        : statusDocument(await readStatus({ databaseUrl: target.databaseUrl, tenantsMax: TENANTS_SHOWN }));
    const json = (): string => `${JSON.stringify(status, undefined, 2)}\n`;
    writeAnswer({ json, table: (options) => renderStatusTable(status, options) }, flags);
  });
}
