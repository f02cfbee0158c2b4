import type { SqlValue } from "./sql-client.js";

/** SQL with the values for its `$1` to `$n`, which stand in rising order, each once: some clients count `?` instead. */
export interface Statement {
  readonly text: string;
  readonly values: SqlValue[];
}

/** Ends every statement here: names the origin in the database's logs, and marks where Knex's message prefix ends. */
export const STATEMENT_END = "/* @siding/enqueue */";

/** The text around the placeholders: `["select ", "::text"]` for `select $1::text`. */
export function splitAtPlaceholders(text: string): readonly string[] {
  return text.split(/\$\d+/);
}
