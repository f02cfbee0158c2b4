import type { Tenant } from "@siding/admin/api/tenant.js";
import { settingsIn } from "@siding/admin/server/policy-words.js";
import { SidingError } from "@siding/core/errors.js";
import type { Policy, PolicySettings } from "@siding/core/policy/policy.js";
import { Command } from "commander";
import { parseDurationMs } from "../config/duration.js";
import { addConfigFlags } from "../config/read-flags.js";
import { tableOptions } from "../inspect/print-answer.js";
import { LIMIT_MAX, parseLimit } from "../limit-flag.js";
import { outputOption } from "../output-option.js";
import { type ChangeFlags, change, checkTenantId } from "../tenants/change-policies.js";
import { addPolicyFlags, type PolicyFlags, saidBy } from "../tenants/policy-flags.js";
import { policyJson, renderDifference, saidOf } from "../tenants/render-policies.js";
import { renderTenants, tenantsJson } from "../tenants/render-tenants.js";
import { renderTenant, settledOf, tenantJson } from "../tenants/show-tenant.js";
import { tenantKeeper } from "../tenants/tenant-keeper.js";
import { addWordFlags } from "./policies.js";

const NOTES = `
Examples:
  siding tenants list
  siding tenants show acme
  siding tenants set acme --quota 5000/60s --weight 3 --reason "larger plan"
  siding tenants set acme --max-backlog 100000 --reason "consumer is slow" --yes
  siding tenants set acme --blocked --reason "unpaid" --yes
  siding tenants pause acme --for 2h --reason "their database moves" --yes
  siding tenants resume acme --reason "moved" --yes
`;

/** `siding tenants`: what holds for one tenant, what it has used, and why it waits. */
export function tenantsCommand(): Command {
  return new Command("tenants")
    .description("limits of a tenant, what it has used of them, and why it waits; pause and resume")
    .addHelpText("after", NOTES)
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(setCommand())
    .addCommand(pauseCommand())
    .addCommand(resumeCommand());
}

interface ListFlags {
  readonly limit: number;
  readonly after?: string;
  readonly output: "table" | "json";
}

function listCommand(): Command {
  const command = new Command("list")
    .description("list tenants: those with events in the log, and those that a policy or a pause names")
    .option("--limit <number>", `how many, 1 to ${LIMIT_MAX}`, parseLimit, 100)
    .option("--after <tenant>", "go on behind this one")
    .addOption(outputOption())
    .addHelpText("after", "\nExample:\n  siding tenants list --limit 20\n");
  return addConfigFlags(command).action(async (flags: ListFlags) => {
    const listed = await tenantKeeper(flags).list({ after: flags.after ?? null, limit: flags.limit });
    process.stdout.write(flags.output === "json" ? tenantsJson(listed) : renderTenants(listed, tableOptions()));
  });
}

function showCommand(): Command {
  const command = new Command("show")
    .description("show what holds for a tenant and who says so, what it has used, and why it waits")
    .argument("<tenant>")
    .addOption(outputOption())
    .addHelpText("after", "\nExample:\n  siding tenants show acme\n");
  return addConfigFlags(command).action(async (tenant: string, flags: { readonly output: "table" | "json" }) => {
    const tenantId = checkTenantId(tenant);
    const shown = await tenantKeeper(flags).show(tenantId);
    process.stdout.write(flags.output === "json" ? tenantJson(shown) : renderTenant(shown, tableOptions()));
  });
}

function setCommand(): Command {
  const command = new Command("set")
    .description("say what holds for a tenant; fields that are not named stay")
    .argument("<tenant>");
  addWordFlags(addPolicyFlags(command)).addHelpText("after", NOTES);
  return addConfigFlags(command).action(async (tenant: string, flags: ChangeFlags & PolicyFlags) => {
    const tenantId = checkTenantId(tenant);
    const said = saidBy(flags);
    if (Object.keys(said).length === 0) {
      throw new SidingError("SIDING_USAGE", "say what is to hold, such as --quota 5000/60s");
    }
    const keeper = tenantKeeper(flags);
    await change(flags, keeper.where, async (how) => {
      const { before: had, after: has } = await keeper.say(tenantId, said, how);
      const [before, after] = [ownPolicy(had), ownPolicy(has)];
      return {
        json: {
          policy: after === null ? null : policyJson(after, undefined),
          blocked: settledOf(has).admission.blocked,
        },
        text: renderDifference(before === null ? {} : saidOf(before), after === null ? {} : saidOf(after)),
      };
    });
  });
}

/** A tenant's own policy, out of the words that say it. */
function ownPolicy({ tenant_id: tenantId, policy }: Tenant): Policy | null {
  if (policy === null) return null;
  const settings = settingsIn(policy.says) as PolicySettings;
  return { name: `tenant/${tenantId}`, match: { kind: "tenant", tenantId }, priority: 0, settings };
}

function pauseCommand(): Command {
  const command = new Command("pause")
    .description("publish nothing of a tenant; its events are still stored")
    .argument("<tenant>")
    .option("--for <duration>", "for how long, such as 2h; without it until it is resumed", parsePause);
  addWordFlags(command).addHelpText("after", NOTES);
  return addConfigFlags(command).action(async (tenant: string, flags: ChangeFlags & { readonly for?: number }) => {
    const tenantId = checkTenantId(tenant);
    const keeper = tenantKeeper(flags);
    await change(flags, keeper.where, async (how) => {
      const { pause } = await keeper.pause(tenantId, flags.for ?? null, how);
      const { until } = pause!;
      const text = `tenant ${tenantId} is paused ${until === null ? "until it is resumed" : `until ${until}`}\n`;
      return { json: { tenant_id: tenantId, paused_until: until, reason: how.reason }, text };
    });
  });
}

function resumeCommand(): Command {
  const command = new Command("resume").description("end a tenant's pause").argument("<tenant>");
  addWordFlags(command).addHelpText("after", NOTES);
  return addConfigFlags(command).action(async (tenant: string, flags: ChangeFlags) => {
    const tenantId = checkTenantId(tenant);
    const keeper = tenantKeeper(flags);
    await change(flags, keeper.where, async (how) => {
      await keeper.resume(tenantId, how);
      return { json: { tenant_id: tenantId, resumed: true }, text: `tenant ${tenantId} goes on\n` };
    });
  });
}

const PAUSE_MAX_MS = 3_650 * 86_400_000;

function parsePause(text: string): number {
  const ms = parseDurationMs(text) ?? 0;
  if (ms >= 1 && ms <= PAUSE_MAX_MS) return ms;
  throw new SidingError("SIDING_USAGE", `--for is ${JSON.stringify(text.slice(0, 80))}: expected such as 30m or 2h`);
}
