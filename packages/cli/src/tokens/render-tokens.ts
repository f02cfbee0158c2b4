import type { Token, TokenPage } from "@siding/admin/api/token.js";
import type { Answer, TableOptions } from "../inspect/print-answer.js";
import { type Column, renderTable } from "../status/plain-table.js";

const COLUMNS: readonly Column[] = [
  { title: "PREFIX" },
  { title: "STATE" },
  { title: "ROLE" },
  { title: "NAME", isElastic: true },
  { title: "TENANTS", isElastic: true },
  { title: "PAYLOAD" },
  { title: "EXPIRES" },
  { title: "CREATED BY", isElastic: true },
];

export function tokensAnswer(page: TokenPage): Answer {
  return {
    json: () => `${JSON.stringify(page, undefined, 2)}\n`,
    table: (options) => {
      const more = page.next_cursor === null ? "" : `there are more: --cursor ${page.next_cursor}\n`;
      return page.tokens.length === 0 ? "no tokens\n" : renderTokens(page.tokens, options) + more;
    },
  };
}

export function renderTokens(tokens: readonly Token[], { width, color }: TableOptions): string {
  const rows = tokens.map((token) => [
    token.prefix,
    token.state,
    token.role,
    token.name,
    token.tenants?.join(" ") ?? "(all)",
    token.may_see_payload ? "shown" : "hidden",
    token.expires_at ?? "never",
    token.created_by,
  ]);
  return renderTable(COLUMNS, rows, width, color);
}
