import { SidingError } from "@siding/core/errors.js";
import type { PolicyFields } from "@siding/core/policy/policy.js";
import { defaultFields } from "@siding/core/policy/settle-policy.js";
import type { Author } from "@siding/store-postgres/author.js";
import { type OpenBook, type TenantDesk, withTenantDesk } from "@siding/store-postgres/tenant-desk.js";
import type { SidingConfig } from "../config/settings.js";
import { quotaSetting } from "../config/tenant-quota.js";
import { authorHere, confirm, reasonOf, requireWord, type WordFlags } from "../operator-word.js";
import { type DatabaseTarget, loadTarget } from "../target.js";

export interface ChangeFlags extends WordFlags {
  readonly dryRun?: boolean;
  readonly output: "table" | "json";
}

/** How a change is made: for good, or to see what it would do. */
export interface How {
  readonly reason: string;
  readonly isDryRun: boolean;
}

/** What a change would do, or did. */
export interface Change {
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
}

const DRY_RUN = "a dry run";

/** What holds where no policy says anything: the relays' own, or what is shown is not what holds. */
export function relayDefaults({ tenantQuota }: SidingConfig): PolicyFields {
  return defaultFields(quotaSetting(tenantQuota));
}

/** The database that the flags lead to. Not an admin API: one that is named must not be passed by without a word. */
function databaseTarget(flags: object): DatabaseTarget {
  const target = loadTarget(flags);
  if (target.kind === "database") return target;
  const mend = "leave --url and SIDING_ADMIN_URL out, or give --database-url";
  throw new SidingError("SIDING_USAGE", `policies for many tenants are asked of the database: ${mend}`);
}

/** Lets `look` see at one moment what holds, at the desk that the flags lead to. */
export async function lookAtDesk<T>(flags: object, look: (desk: TenantDesk) => Promise<T>): Promise<T> {
  return withTenantDesk(databaseTarget(flags).databaseUrl, (desk) => desk.atOneMoment(() => look(desk)));
}

/** Changes policies at the desk that the flags lead to. @param act makes the change and describes it */
export async function changeAtDesk(
  flags: ChangeFlags,
  act: (desk: TenantDesk, book: OpenBook, author: Author) => Promise<Change>,
): Promise<void> {
  const { databaseUrl, where, config } = databaseTarget(flags);
  await change(flags, where, ({ reason, isDryRun }) =>
    withTenantDesk(databaseUrl, (desk) =>
      desk.change({ defaults: relayDefaults(config), isKept: !isDryRun }, (book) =>
        act(desk, book, authorHere(reason)),
      ),
    ),
  );
}

/**
 * Carries a change out as the flags say: shows it with --dry-run, and asks where nobody has said --yes.
 * @param attempt makes the change, or shows what it would do; called again for the real one
 */
export async function change(flags: ChangeFlags, where: string, attempt: (how: How) => Promise<Change>): Promise<void> {
  if (flags.dryRun === true) return print(flags, await attempt({ reason: DRY_RUN, isDryRun: true }), false);
  requireWord(flags);
  const reason = await reasonOf(flags, "a change");
  if (flags.yes !== true) {
    const preview = await attempt({ reason, isDryRun: true });
    if (!(await confirm(flags, where, () => preview.text))) {
      process.stderr.write("nothing was changed\n");
      process.exitCode = 1;
      return;
    }
  }
  print(flags, await attempt({ reason, isDryRun: false }), true);
}

function print({ output }: ChangeFlags, { json, text }: Change, isDone: boolean): void {
  const document = { ...json, changed: isDone };
  process.stdout.write(output === "json" ? `${JSON.stringify(document, undefined, 2)}\n` : text);
  if (output === "table" && !isDone) process.stdout.write("nothing was changed\n");
}

/** @throws SIDING_USAGE */
export function checkTenantId(tenantId: string): string {
  const length = [...tenantId].length;
  if (length >= 1 && length <= 255) return tenantId;
  throw new SidingError("SIDING_USAGE", "a tenant's name has 1 to 255 characters");
}
