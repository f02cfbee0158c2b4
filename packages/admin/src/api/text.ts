import { Type } from "typebox";

/** A NUL is the one character that Postgres' texts cannot hold. */
const NO_NUL = "^[^\\u0000]*$";

/** Text of others, from one character to `most`. */
export const text = (most: number, description?: string) =>
  Type.String({
    minLength: 1,
    maxLength: most,
    pattern: NO_NUL,
    ...(description === undefined ? {} : { description }),
  });

export const uuid = (description?: string) =>
  Type.String({
    format: "uuid",
    pattern: "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    ...(description === undefined ? {} : { description }),
  });

/** A 64-bit number: JSON's readers would round it. */
export const int64 = (description?: string) =>
  Type.String({ pattern: "^-?\\d{1,19}$", ...(description === undefined ? {} : { description }) });

/** RFC 3339; answered in UTC with milliseconds. */
export const time = (description?: string) =>
  Type.String({ format: "date-time", ...(description === undefined ? {} : { description }) });

export const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);

/** An object that has these fields and no others. */
export const only = <T extends Parameters<typeof Type.Object>[0]>(fields: T, description?: string) =>
  Type.Object(fields, { additionalProperties: false, ...(description === undefined ? {} : { description }) });
