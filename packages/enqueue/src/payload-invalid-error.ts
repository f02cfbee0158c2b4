import { EnqueueError } from "./enqueue-error.js";

/** One thing that a schema found wrong. */
export interface PayloadIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

const ISSUES_IN_MESSAGE_MAX = 3;

/**
 * A payload does not fit its topic's schema. Nothing was sent to the database, so the transaction can go on.
 *
 * ```ts
 * catch (error) {
 *   if (error instanceof PayloadInvalidError) for (const issue of error.issues) console.error(issue.path, issue.message);
 * }
 * ```
 */
export class PayloadInvalidError extends EnqueueError {
  override readonly name: string = "PayloadInvalidError";
  readonly topic: string;
  readonly issues: readonly PayloadIssue[];

  /** @param place which event of many, empty for a single one */
  constructor(topic: string, issues: readonly PayloadIssue[], place: string) {
    const shown = issues.slice(0, ISSUES_IN_MESSAGE_MAX).map(describeIssue).join("; ");
    const left = issues.length - ISSUES_IN_MESSAGE_MAX;
    super("SD001", `${place}payload does not fit topic "${topic}": ${shown}${left > 0 ? `; and ${left} more` : ""}`, {
      hint: "Correct the payload, or the schema that this topic has in createOutbox.",
    });
    this.topic = topic;
    this.issues = [...issues]; // a plain array, whatever kind of list the library made
  }
}

function describeIssue(issue: PayloadIssue): string {
  const path = (issue.path ?? []).map((step) => String(typeof step === "object" ? step.key : step)).join(".");
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}
