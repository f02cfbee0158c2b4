import { SidingError } from "@siding/core/errors.js";
import { isLimitAllowed, LIMIT_BYTES_MAX, LIMIT_EVENTS_MAX } from "@siding/core/policy/limit-bounds.js";
import type { LimitSetting, PolicyField, PolicyFields, PolicySettings } from "@siding/core/policy/policy.js";
import type { Command } from "commander";
import { formatBytes, parseBytes } from "../config/bytes.js";
import { formatDurationMs, parseDurationMs } from "../config/duration.js";

type Said<F extends PolicyField> = PolicyFields[F] | undefined;

interface FieldFlag<F extends PolicyField> {
  readonly flag: string;
  readonly placeholder: string;
  readonly summary: string;
  readonly expected: string;
  /** Undefined for what is not allowed. */
  readonly parse: (text: string) => Said<F>;
  readonly format: (value: PolicyFields[F]) => string;
}

/** Takes a field back, so that broader policies speak again. */
const UNSET = "unset";

const limit = (parseAmount: (text: string) => number | undefined, max: number) => (text: string) => {
  if (text === "none") return "none";
  const [, amountText, windowText, burstText] = /^(\w+)\/(\w+)(?:\/(\w+))?$/.exec(text) ?? [];
  if (amountText === undefined || windowText === undefined) return undefined;
  const amount = parseAmount(amountText) ?? 0;
  const windowMs = parseDurationMs(windowText) ?? 0;
  const burst = burstText === undefined ? null : (parseAmount(burstText) ?? 0);
  const isAllowed = isLimitAllowed(amount, windowMs, max);
  return isAllowed && (burst === null || (burst >= 1 && burst <= max)) ? { amount, windowMs, burst } : undefined;
};
const formatLimit = (format: (amount: number) => string) => (value: LimitSetting | "none") => {
  if (value === "none") return "none";
  const burst = value.burst === null ? "" : `/${format(value.burst)}`;
  return `${format(value.amount)}/${formatDurationMs(value.windowMs)}${burst}`;
};
const whole = (min: number, max: number) => (text: string) =>
  /^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : undefined;
const decimal = (min: number, max: number) => (text: string) =>
  /^\d{1,6}(\.\d{1,4})?$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : undefined;
const period = (text: string) => {
  const ms = parseDurationMs(text) ?? 0;
  return ms >= 1 && ms <= 86_400_000 ? ms : undefined;
};
const oneOf =
  <T extends string>(...choices: readonly T[]) =>
  (text: string) =>
    choices.find((choice) => choice === text);
const onOff = (text: string) => (text === "on" ? true : text === "off" ? false : undefined);
const formatOnOff = (value: boolean) => (value ? "on" : "off");
const onOffFlag = (flag: string, summary: string) => ({
  flag,
  placeholder: "on|off",
  summary,
  expected: "on or off",
  parse: onOff,
  format: formatOnOff,
});

/** Every field under its flag, in the order in which it is shown. `blocked` has two flags instead. */
export const FIELD_FLAGS: { readonly [F in PolicyField]: FieldFlag<F> } = {
  quotaEvents: {
    flag: "--quota",
    placeholder: "events/window[/burst]",
    summary: "events in any window, and at once; or none",
    expected: "EVENTS/WINDOW or EVENTS/WINDOW/BURST, such as 1000/60s, or none",
    parse: limit(whole(1, LIMIT_EVENTS_MAX), LIMIT_EVENTS_MAX),
    format: formatLimit(String),
  },
  quotaBytes: {
    flag: "--quota-bytes",
    placeholder: "bytes/window[/burst]",
    summary: "bytes in any window, and at once; or none",
    expected: "BYTES/WINDOW or BYTES/WINDOW/BURST, such as 10MiB/60s, or none",
    parse: limit(parseBytes, LIMIT_BYTES_MAX),
    format: formatLimit(formatBytes),
  },
  quotaMode: {
    flag: "--quota-mode",
    placeholder: "mode",
    summary: "enforce, or observe: count what would wait and let it go",
    expected: "enforce or observe",
    parse: oneOf("enforce", "observe"),
    format: String,
  },
  warnAt: {
    flag: "--warn-at",
    placeholder: "share",
    summary: "share of the quota from which on to warn, 0 to 1",
    expected: "a share from 0 to 1, such as 0.8",
    parse: decimal(0, 1),
    format: String,
  },
  weight: {
    flag: "--weight",
    placeholder: "number",
    summary: "share of a batch's bytes beside other tenants' weights",
    expected: "a number from 0.001 to 100000",
    parse: decimal(0.001, 100_000),
    format: String,
  },
  batchLimit: {
    flag: "--batch-limit",
    placeholder: "events",
    summary: "events of one page while others wait",
    expected: "a whole number from 1 to 100000",
    parse: whole(1, 100_000),
    format: String,
  },
  backlogMax: {
    flag: "--max-backlog",
    placeholder: "events",
    summary: "pending events from which on enqueueing is refused (SD002); or none",
    expected: "a whole number from 1 to 1000000000, or none",
    parse: (text) => (text === "none" ? "none" : whole(1, 1e9)(text)),
    format: String,
  },
  retry: {
    flag: "--retry",
    placeholder: "order",
    summary: "flow-first: later events of a key pass its dead letter; order-first: they wait",
    expected: "flow-first or order-first",
    parse: oneOf("order-first", "flow-first"),
    format: String,
  },
  breakerFailures: {
    flag: "--breaker-failures",
    placeholder: "number",
    summary: "failures in a row that open a topic's breaker",
    expected: "a whole number from 1 to 1000",
    parse: whole(1, 1_000),
    format: String,
  },
  breakerCoolDownMs: {
    flag: "--breaker-cool-down",
    placeholder: "duration",
    summary: "from opening to the first probe",
    expected: "a duration up to 1d, such as 500ms",
    parse: period,
    format: formatDurationMs,
  },
  breakerCoolDownMaxMs: {
    flag: "--breaker-cool-down-max",
    placeholder: "duration",
    summary: "the longest wait between two probes",
    expected: "a duration up to 1d, such as 60s",
    parse: period,
    format: formatDurationMs,
  },
  quota: onOffFlag("--quotas", "whether quotas hold at all"),
  fairShare: onOffFlag("--fair-share", "whether the batch limit holds"),
  breaker: onOffFlag("--breaker", "whether failing topics are left alone for a while"),
  replay: onOffFlag("--replay", "whether published events may be replayed"),
  backpressure: onOffFlag("--backpressure", "whether the cap on the backlog holds"),
  blocked: {
    flag: "--blocked",
    placeholder: "",
    summary: "refuse enqueueing altogether (SD003)",
    expected: "",
    parse: () => undefined,
    format: formatOnOff,
  },
};

const FIELDS = Object.keys(FIELD_FLAGS) as readonly PolicyField[];

export type PolicyFlags = Readonly<Record<string, unknown>>;

export function addPolicyFlags(command: Command): Command {
  for (const field of FIELDS) {
    const { flag, placeholder, summary } = FIELD_FLAGS[field];
    if (field === "blocked") command.option(flag, summary).option("--no-blocked", "let it enqueue again");
    else command.option(`${flag} <${placeholder}>`, summary);
  }
  return command;
}

/**
 * What the flags say anew; `unset` takes a field back.
 * @throws SIDING_USAGE naming the flag, its value and what is allowed
 */
export function saidBy(flags: PolicyFlags): Partial<PolicySettings> {
  const said: Partial<Record<PolicyField, unknown>> = {};
  for (const field of FIELDS) {
    const { flag, expected, parse } = FIELD_FLAGS[field] as FieldFlag<PolicyField>;
    const given = flags[flag.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
    if (given === undefined) continue;
    if (typeof given === "boolean") said[field] = given;
    else if (given === UNSET) said[field] = null;
    else {
      const value = parse(String(given));
      if (value === undefined) {
        const shown = JSON.stringify(String(given).slice(0, 80));
        throw new SidingError("SIDING_USAGE", `${flag} is ${shown}: expected ${expected}, or ${UNSET}`);
      }
      said[field] = value;
    }
  }
  return said as Partial<PolicySettings>;
}

/** A field's value in the form in which its flag takes it. */
export function formatField<F extends PolicyField>(field: F, value: PolicyFields[F]): string {
  return FIELD_FLAGS[field].format(value);
}

export { FIELDS as SHOWN_FIELDS };
