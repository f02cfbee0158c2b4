import { SidingError } from "@siding/core/errors.js";
import { ADMIN_ROLES, type AdminRole } from "@siding/store-postgres/admin-tokens.js";
import { Command, Option } from "commander";
import { parseExpiry } from "../config/expiry.js";
import { addConfigFlags } from "../config/read-flags.js";
import { addPageFlags, type PageFlags } from "../inspect/filter-flags.js";
import { type AnswerFlags, writeAnswer } from "../inspect/print-answer.js";
import { confirm, reasonOf, requireWord, type WordFlags } from "../operator-word.js";
import { outputOption } from "../output-option.js";
import { loadTarget, type Target } from "../target.js";
import { renderTokens, tokensAnswer } from "../tokens/render-tokens.js";
import { localTokens, remoteTokens, type TokenKeeper } from "../tokens/token-keeper.js";

const CREATE_NOTES = `
A token is shown whole this once; the database keeps its hash. Viewers look, operators change what is under way, admins
hand out tokens as well. With --tenant it sees nothing but those tenants. Viewers see no payloads unless --payload says so.

Examples:
  siding tokens create --name grafana --reason "lag panel"
  siding tokens create --name acme-support --tenant acme --payload --expires 30d --reason "ticket 4711"
  export SIDING_ADMIN_TOKEN=$(siding tokens create --name ci --role operator --reason "deploy checks")
`;
const PLAIN = { width: undefined, color: false };

interface CreateFlags extends WordFlags, AnswerFlags {
  readonly name: string;
  readonly role: AdminRole;
  readonly tenant?: readonly string[];
  readonly payload?: boolean;
  readonly expires: string;
  readonly dryRun?: boolean;
}

/** `siding tokens`: who may use the admin API. Every change is recorded in siding.audit. */
export function tokensCommand(): Command {
  return new Command("tokens")
    .description("make, list and revoke tokens for the admin API")
    .addHelpText(
      "after",
      '\nExamples:\n  siding tokens create --name ci --role viewer --reason "probe"\n  siding tokens list\n',
    )
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand());
}

function createCommand(): Command {
  const repeatable = (text: string, earlier: readonly string[] = []): readonly string[] => [...earlier, text];
  const command = new Command("create")
    .description("make a token, and print it this once")
    .requiredOption("--name <text>", "whose it is")
    .addOption(new Option("--role <role>", "what it may do").choices(ADMIN_ROLES).default("viewer"))
    .option("--tenant <id>", "bind it to this tenant; may be repeated", repeatable)
    .option("--payload", "show it headers and payloads (the default for operators and admins)")
    .option("--no-payload", "hide headers and payloads from it (the default for viewers)")
    .option("--expires <when>", "how long it holds, such as 30d, a time, or never", "90d")
    .option("--reason <text>", "why, for the record")
    .option("--dry-run", "show what would be made, and make nothing")
    .option("--yes", "do not ask; a token is made without asking, too")
    .addOption(outputOption())
    .addHelpText("after", CREATE_NOTES);
  return addConfigFlags(command).action(async (flags: CreateFlags) => {
    const { name, role, tenant, payload } = flags;
    const grant = {
      name: checked("--name", name, 100),
      role,
      tenants: tenant === undefined ? null : tenant.map((each) => checked("--tenant", each, 255)),
      may_see_payload: payload ?? role !== "viewer",
      expires_at: parseExpiry(flags.expires),
    };
    if (flags.dryRun === true) {
      process.stdout.write(`${JSON.stringify(grant, undefined, 2)}\n`);
      return;
    }
    const reason = checked("--reason", await reasonOf(flags, "a token"), 1_000);
    const made = await keeperAt(loadTarget(flags)).create({ ...grant, reason });
    writeAnswer(
      {
        json: () => `${JSON.stringify(made, undefined, 2)}\n`,
        table: () => {
          process.stderr.write(`${renderTokens([made], PLAIN)}Keep it now: it is not shown again.\n`);
          return `${made.token}\n`;
        },
      },
      flags,
    );
  });
}

function listCommand(): Command {
  const command = new Command("list").description("list tokens, by prefix").addOption(outputOption());
  addPageFlags(command).addHelpText(
    "after",
    "\nExamples:\n  siding tokens list\n  siding tokens list -o json | jq .tokens\n",
  );
  return addConfigFlags(command).action(async (flags: PageFlags & AnswerFlags) => {
    const { limit, cursor } = flags;
    if (cursor !== undefined) checkPrefix("--cursor", cursor);
    const page = await keeperAt(loadTarget(flags)).list({ limit, ...(cursor === undefined ? {} : { cursor }) });
    writeAnswer(tokensAnswer(page), flags);
  });
}

function revokeCommand(): Command {
  const command = new Command("revoke")
    .description("revoke a token, at once and for good")
    .argument("<prefix>", "as `siding tokens list` shows it")
    .option("--yes", "do not ask")
    .option("--reason <text>", "why, for the record")
    .option("--dry-run", "show which token it is, and change nothing")
    .addOption(outputOption())
    .addHelpText("after", '\nExample:\n  siding tokens revoke 0f3a9c51d2b7 --reason "left the team" --yes\n');
  return addConfigFlags(command).action(
    async (prefix: string, flags: WordFlags & AnswerFlags & { readonly dryRun?: boolean }) => {
      checkPrefix("the prefix", prefix);
      const target = loadTarget(flags);
      const tokens = keeperAt(target);
      const found = await find(tokens, prefix);
      if (flags.dryRun === true) {
        writeAnswer(tokensAnswer({ tokens: [found], next_cursor: null }), flags);
        return;
      }
      const reason = checked("--reason", await reasonOf(flags, "a revocation"), 1_000);
      requireWord(flags);
      if (!(await confirm(flags, target.where, () => renderTokens([found], PLAIN)))) {
        process.stderr.write("nothing was revoked\n");
        process.exitCode = 1;
        return;
      }
      writeAnswer(tokensAnswer({ tokens: [await tokens.revoke(prefix, reason)], next_cursor: null }), flags);
    },
  );
}

function keeperAt(target: Target): TokenKeeper {
  return target.kind === "api" ? remoteTokens(target.api) : localTokens(target.databaseUrl);
}

/** @throws SIDING_USAGE where there is no such token */
async function find(tokens: TokenKeeper, prefix: string) {
  // Behind the prefix just before it there is it, or another one.
  const before = (BigInt(`0x${prefix}`) - 1n).toString(16).padStart(prefix.length, "0");
  const { tokens: found } = await tokens.list({ limit: 1, ...(prefix === NO_PREFIX ? {} : { cursor: before }) });
  if (found[0]?.prefix === prefix) return found[0];
  throw new SidingError("SIDING_USAGE", `there is no token ${prefix}`);
}

const NO_PREFIX = "0".repeat(12);

function checkPrefix(what: string, text: string): void {
  if (/^[0-9a-f]{12}$/.test(text)) return;
  const shown = JSON.stringify(text.slice(0, 80));
  throw new SidingError("SIDING_USAGE", `${what} is ${shown}: expected the 12 hexadecimal digits of a token's prefix`);
}

function checked(flag: string, text: string, charactersMax: number): string {
  const length = [...text].length;
  if (length >= 1 && length <= charactersMax && !text.includes("\0")) return text;
  throw new SidingError("SIDING_USAGE", `${flag} has ${length} characters: expected 1 to ${charactersMax}`);
}
