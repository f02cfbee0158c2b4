import type { PayloadIssue } from "./payload-invalid-error.js";

/**
 * The part of Standard Schema v1 that is used here, so that a schema of zod, valibot, arktype or any other library that
 * follows it serves as it is.
 *
 * ```ts
 * const orderCreated: PayloadSchema<{ id: number }> = z.object({ id: z.number() });
 * ```
 */
export interface PayloadSchema<Input = unknown, Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => PayloadVerdict<Output> | Promise<PayloadVerdict<Output>>;
    /** Holds no value at run time: it only carries the two types. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type PayloadVerdict<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly PayloadIssue[] };

/** What a caller passes; the output, after defaults and transformations, is what gets written. */
export type PayloadInput<Schema extends PayloadSchema> = NonNullable<Schema["~standard"]["types"]>["input"];
