import { SidingError } from "@siding/core/errors.js";
import type { PolicyFields } from "@siding/core/policy/policy.js";
import { defaultFields, policySet, type SettledPolicy, settlePolicy } from "@siding/core/policy/settle-policy.js";
import type { Author } from "@siding/store-postgres/author.js";
import { type OpenBook, type TenantDesk, withTenantDesk } from "@siding/store-postgres/tenant-desk.js";
import { loadConfig, requireSetting } from "../config/load-config.js";
import { quotaSetting } from "../config/tenant-quota.js";
import { authorHere, confirm, reasonOf, requireWord, type WordFlags } from "../operator-word.js";

export interface ChangeFlags extends WordFlags {
  readonly dryRun?: boolean;
  readonly output: "table" | "json";
}

/** What a change would do, or did. */
export interface Change {
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
}

const DRY_RUN = "a dry run";

/** Opens the desk that the flags lead to. */
async function withDesk<T>(
  flags: Readonly<Record<string, unknown>>,
  act: (desk: TenantDesk, defaults: PolicyFields) => Promise<T>,
): Promise<T> {
  const { values: config } = loadConfig({ options: flags, environment: process.env, directory: process.cwd() });
  const defaults = defaultFields(quotaSetting(config.tenantQuota));
  return withTenantDesk(requireSetting(config, "databaseUrl"), (desk) => act(desk, defaults));
}

/** Lets `look` see at one moment what holds, at the desk that the flags lead to. */
export async function lookAtDesk<T>(
  flags: Readonly<Record<string, unknown>>,
  look: (desk: TenantDesk, defaults: PolicyFields) => Promise<T>,
): Promise<T> {
  return withDesk(flags, (desk, defaults) => desk.atOneMoment(() => look(desk, defaults)));
}

export function settledIn(book: OpenBook, tenantId: string, defaults: PolicyFields): SettledPolicy {
  return settlePolicy(tenantId, policySet(book.policies), defaults);
}

/**
 * Carries a change out as the flags say: shows it with --dry-run, and asks where nobody has said --yes.
 * @param act makes the change and describes it; called again for the real one
 */
export async function change(
  flags: ChangeFlags,
  act: (desk: TenantDesk, book: OpenBook, author: Author, defaults: PolicyFields) => Promise<Change>,
): Promise<void> {
  const isDryRun = flags.dryRun === true;
  if (!isDryRun) requireWord(flags);
  const reason = isDryRun ? DRY_RUN : await reasonOf(flags, "a change");
  const author = authorHere(reason);
  await withDesk({ ...flags }, async (desk, defaults) => {
    const attempt = (isKept: boolean): Promise<Change> =>
      desk.change({ defaults, isKept }, (book) => act(desk, book, author, defaults));
    if (isDryRun) return print(flags, await attempt(false), false);
    if (flags.yes !== true) {
      const preview = await attempt(false);
      if (!(await confirm(flags, () => preview.text))) {
        process.stderr.write("nothing was changed\n");
        process.exitCode = 1;
        return;
      }
    }
    print(flags, await attempt(true), true);
  });
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
