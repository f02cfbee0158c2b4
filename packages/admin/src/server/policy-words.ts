import { type LimitSetting, POLICY_FIELDS, type PolicyField, type PolicySettings } from "@siding/core/policy/policy.js";
import type { PolicyWords } from "../api/tenant.js";
import { HttpProblem } from "./http-problem.js";

type Limit = Extract<PolicyWords["quota_events"], object>;

/** A unit of a limit takes a nanosecond at least (packages/core/src/quota/limit.ts). */
const UNITS_A_MS_MAX = 1e6;

/** `backlog_max` for backlogMax: a field's name in the API, as in the table siding.policy. */
export function wordOf(field: PolicyField): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What is said, in the API's words. */
export function policyWords(settings: PolicySettings): PolicyWords {
  return wordsOf(settings) as PolicyWords;
}

/** The same of those fields alone that are named. */
export function wordsOf(settings: Partial<PolicySettings>): Partial<PolicyWords> {
  const words = POLICY_FIELDS.filter((field) => settings[field] !== undefined).map((field) => {
    const value: unknown = settings[field];
    return [wordOf(field), isObject(value) ? limitWords(value as LimitSetting) : value] as const;
  });
  return Object.fromEntries(words) as Partial<PolicyWords>;
}

/**
 * The settings that a request names; null takes a word back.
 * @throws HttpProblem 400 for a limit that no clock could keep
 */
export function settingsIn(words: Partial<PolicyWords>): Partial<PolicySettings> {
  const said: Partial<Record<PolicyField, unknown>> = {};
  for (const field of POLICY_FIELDS) {
    const value: unknown = words[wordOf(field) as keyof PolicyWords];
    if (value === undefined) continue;
    said[field] = isObject(value) ? limitSetting(wordOf(field), value as Limit) : value;
  }
  return said as Partial<PolicySettings>;
}

function limitWords({ amount, windowMs, burst }: LimitSetting): Limit {
  return { amount, window_ms: windowMs, burst };
}

function limitSetting(word: string, { amount, window_ms: windowMs, burst }: Limit): LimitSetting {
  if (amount <= windowMs * UNITS_A_MS_MAX) return { amount, windowMs, burst };
  throw new HttpProblem(400, `${word} lets more than one go in a nanosecond: give a longer window_ms.`);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
