import { AdminClient } from "@siding/admin/client/admin-client.js";
import type { LogSize } from "./fill-log.js";
import { lists, type MeasuredList } from "./lists.js";

/** Milliseconds from the request to its parsed answer, over HTTP, one request at a time. */
export interface ListFigures {
  readonly list: string;
  readonly reader: string;
  readonly first: readonly number[];
  /** Page 1,000, or the last one where there are fewer. */
  readonly far: readonly number[];
  readonly farPage: number;
}

const ROWS_A_PAGE = 50;
const PAGES = 1_000;
const STRIDE_PAGES = 20;

export interface MeasureListsOptions extends LogSize {
  readonly url: string;
  readonly samples: number;
  /** Named tokens: what a token may see decides how Postgres has to read. */
  readonly readers: Readonly<
    Record<string, { readonly token: string; readonly lists: (list: MeasuredList) => boolean }>
  >;
  readonly say: (line: string) => void;
}

export async function measureLists({
  url,
  samples,
  readers,
  say,
  ...size
}: MeasureListsOptions): Promise<readonly ListFigures[]> {
  const figures: ListFigures[] = [];
  for (const [reader, { token, lists: isAsked }] of Object.entries(readers)) {
    const client = new AdminClient({ url, token });
    for (const list of lists(size).filter(isAsked)) {
      const ask = async (draw: number, cursor: string | null): Promise<number> => {
        const begun = performance.now();
        await list.page(client, draw, { limit: ROWS_A_PAGE, ...(cursor === null ? {} : { cursor }) });
        return performance.now() - begun;
      };
      const draws = Array.from({ length: samples }, (_, i) => ((i + 1) * 0.618_033_988_75) % 1);
      for (const draw of draws.slice(0, 3)) await ask(draw, null);
      const first: number[] = [];
      for (const draw of draws) first.push(await ask(draw, null));
      const { cursor, page } = await walk(client, list, draws[0]!);
      const far: number[] = [];
      if (page > 1) for (const _ of draws) far.push(await ask(draws[0]!, cursor));
      figures.push({ list: list.name, reader, first, far, farPage: page });
      say(`  ${reader}: ${list.name}`);
    }
  }
  return figures;
}

/** Where page 1,000 begins, or the last one: in long strides, since a cursor is a place and knows no pages. */
async function walk(
  client: AdminClient,
  list: MeasuredList,
  draw: number,
): Promise<{ cursor: string | null; page: number }> {
  let cursor: string | null = null;
  let rows = 0;
  for (let stride = 0; stride < (2 * PAGES) / STRIDE_PAGES && rows < (PAGES - 1) * ROWS_A_PAGE; stride += 1) {
    const left = Math.min(STRIDE_PAGES * ROWS_A_PAGE, (PAGES - 1) * ROWS_A_PAGE - rows);
    const page = await list.page(client, draw, { limit: left, ...(cursor === null ? {} : { cursor }) });
    if (page.next === null) break;
    cursor = page.next;
    rows += page.rows;
  }
  return { cursor, page: 1 + Math.floor(rows / ROWS_A_PAGE) };
}
