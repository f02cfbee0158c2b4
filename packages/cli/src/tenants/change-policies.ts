import { SidingError } from "@siding/core/errors.js";
import type { PolicyFields } from "@siding/core/policy/policy.js";
import { PolicyCache } from "@siding/core/policy/policy-cache.js";
import { defaultFields, policySet, type SettledPolicy, settlePolicy } from "@siding/core/policy/settle-policy.js";
import { type Author, type OpenBook, TenantDesk } from "@siding/store-postgres/tenant-desk.js";
import { loadConfig, requireSetting } from "../config/load-config.js";
import { quotaSetting } from "../config/tenant-quota.js";
import { actorHere, confirm, reasonOf, requireWord, type WordFlags } from "../operator-word.js";

export interface ChangeFlags extends WordFlags {
  readonly dryRun?: boolean;
  readonly output: "table" | "json";
}

/** What a change would do, or did. */
export interface Change {
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Tenants whose gates one command brings in line; a relay sees to those beyond when it meets them. */
const TENANTS_MAX = 100_000;

/** Opens the desk that the flags lead to. */
export async function withDesk<T>(
  flags: Readonly<Record<string, unknown>>,
  act: (desk: TenantDesk, defaults: PolicyFields) => Promise<T>,
): Promise<T> {
  const { values: config } = loadConfig({ options: flags, environment: process.env, directory: process.cwd() });
  const desk = await TenantDesk.open(requireSetting(config, "databaseUrl"));
  try {
    return await act(desk, defaultFields(quotaSetting(config.tenantQuota)));
  } finally {
    await desk.close();
  }
}

export function settledIn(book: OpenBook, tenantId: string, defaults: PolicyFields): SettledPolicy {
  return settlePolicy(tenantId, policySet(book.policies), defaults);
}

/**
 * Carries a change out as the flags say: shows it with --dry-run, asks where nobody has said --yes, and brings enqueue's
 * gates in line in the same transaction.
 * @param act makes the change and describes it; called again for the real one
 */
export async function change(
  flags: ChangeFlags,
  act: (desk: TenantDesk, book: OpenBook, author: Author, defaults: PolicyFields) => Promise<Change>,
): Promise<void> {
  const isDryRun = flags.dryRun === true;
  if (!isDryRun) requireWord(flags);
  const author = { actor: actorHere(), reason: isDryRun ? "" : await reasonOf(flags, "a change") };
  await withDesk({ ...flags }, async (desk, defaults) => {
    const attempt = async (isForGood: boolean): Promise<Change> => {
      let described: Change | null = null;
      await desk.change(async (book) => {
        described = await act(desk, book, author, defaults);
        await alignGates(desk, defaults);
        return isForGood;
      });
      return described!;
    };
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

async function alignGates(desk: TenantDesk, defaults: PolicyFields): Promise<void> {
  const book = await desk.read();
  const isBroad = book.policies.some(
    ({ match, settings }) => match.kind !== "tenant" && (settings.backlogMax !== null || settings.blocked !== null),
  );
  const cache = new PolicyCache(defaults);
  cache.refresh(book.nowMs, book);
  // What speaks of tenants by pattern or percentage holds from now on for those that have events; later ones when a relay
  // meets them.
  if (isBroad) for (const tenantId of await desk.inLog(null, TENANTS_MAX)) cache.of(tenantId);
  await desk.setGates(book.version, cache.gatesAmiss());
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
