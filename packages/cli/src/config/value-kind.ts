import { formatBytes, parseBytes } from "./bytes.js";
import { databaseUrlProblem, maskDatabaseUrl } from "./database-url.js";
import { formatDurationMs, parseDurationMs } from "./duration.js";
import { KAFKA_BROKERS_EXPECTED, parseKafkaBrokers } from "./kafka-brokers.js";
import { type ListenAddress, parseListenAddress } from "./listen-address.js";
import { parseRedactions, type Redaction } from "./redactions.js";
import { parseTenantQuota, TENANT_QUOTA_EXPECTED, type TenantQuota } from "./tenant-quota.js";

export type ParsedValue<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "refused"; readonly why: string };

/** How the text of a setting becomes its value. */
export interface ValueKind<T> {
  /** What is allowed, as it stands in help and in errors: "expected …". */
  readonly expected: string;
  parse(text: string): ParsedValue<T>;
  /** The text as it may be shown, in `siding config` and in errors; holds for text that does not parse. */
  mask(text: string): string;
}

interface Limits {
  readonly min: number;
  readonly max: number;
}

const MASKED = "****";
const unmasked = (text: string): string => text;
const value = <T>(parsed: T): ParsedValue<T> => ({ kind: "value", value: parsed });

function refuseUnless<T>(parsed: T | undefined, expected: string): ParsedValue<T> {
  return parsed === undefined ? { kind: "refused", why: expected } : value(parsed);
}

function within(parsed: number | undefined, { min, max }: Limits): number | undefined {
  return parsed !== undefined && parsed >= min && parsed <= max ? parsed : undefined;
}

/** @param unit plural, such as "milliseconds" */
export function wholeNumber(unit: string, limits: Limits): ValueKind<number> {
  const expected = `expected a whole number of ${unit} from ${limits.min} to ${limits.max}`;
  return {
    expected,
    parse: (text) => refuseUnless(within(/^\d{1,15}$/.test(text) ? Number(text) : undefined, limits), expected),
    mask: unmasked,
  };
}

/** Parses to milliseconds. */
export function duration(limits: Limits): ValueKind<number> {
  const expected = `expected a duration from ${formatDurationMs(limits.min)} to ${formatDurationMs(limits.max)}, in ms, s, m, h or d`;
  return {
    expected,
    parse: (text) => refuseUnless(within(parseDurationMs(text), limits), expected),
    mask: unmasked,
  };
}

export function byteSize(limits: Limits): ValueKind<number> {
  const expected = `expected a size from ${formatBytes(limits.min)} to ${formatBytes(limits.max)}, in B, kB, KiB, MB or MiB`;
  return {
    expected,
    parse: (text) => refuseUnless(within(parseBytes(text), limits), expected),
    mask: unmasked,
  };
}

export function oneOf<const T extends string>(choices: readonly T[]): ValueKind<T> {
  const expected = `expected ${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
  return {
    expected,
    parse: (text) =>
      refuseUnless(
        choices.find((choice) => choice === text),
        expected,
      ),
    mask: unmasked,
  };
}

/** @param what said after "expected", such as "1 to 64 letters" */
export function matching(pattern: RegExp, what: string): ValueKind<string> {
  const expected = `expected ${what}`;
  return {
    expected,
    parse: (text) => refuseUnless(pattern.test(text) ? text : undefined, expected),
    mask: unmasked,
  };
}

/** As {@link matching}, and never shown. */
export function secret(pattern: RegExp, what: string): ValueKind<string> {
  return { ...matching(pattern, what), mask: () => MASKED };
}

export const databaseUrl: ValueKind<string> = {
  expected: "expected postgres://user:password@host:port/database",
  parse: (text) => {
    const why = databaseUrlProblem(text);
    return why === undefined ? value(text) : { kind: "refused", why };
  },
  mask: maskDatabaseUrl,
};

export const kafkaBrokers: ValueKind<readonly string[]> = {
  expected: KAFKA_BROKERS_EXPECTED,
  parse: (text) => {
    const parsed = parseKafkaBrokers(text);
    return parsed.kind === "brokers" ? value(parsed.brokers) : parsed;
  },
  mask: unmasked,
};

const LISTEN_EXPECTED = "expected host:port, such as 127.0.0.1:9464 or [::1]:9464";

export const listenAddress: ValueKind<ListenAddress> = {
  expected: LISTEN_EXPECTED,
  parse: (text) => refuseUnless(parseListenAddress(text), LISTEN_EXPECTED),
  mask: unmasked,
};

export const tenantQuota: ValueKind<TenantQuota | "none"> = {
  expected: TENANT_QUOTA_EXPECTED,
  parse: (text) => refuseUnless(parseTenantQuota(text), TENANT_QUOTA_EXPECTED),
  mask: unmasked,
};

export const httpUrl: ValueKind<string> = {
  expected: "expected https://host, or http://host:port",
  parse: (text) => refuseUnless(isHttpUrl(text) ? text : undefined, httpUrl.expected),
  mask: (text) => text.replace(/\/\/[^/]*@/, `//${MASKED}@`),
};

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === "" && password === "" && search === "" && hash === "";
}

export const redactions: ValueKind<readonly Redaction[]> = {
  expected: "expected TOPIC=PATH,PATH;TOPIC=PATH, such as orders=card.number,items.*.iban;*=password",
  parse: (text) => refuseUnless(parseRedactions(text), redactions.expected),
  mask: unmasked,
};
