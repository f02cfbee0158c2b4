/**
 * A Postgres snapshot (manual, "System Information Functions", pg_snapshot): which transactions it sees as finished.
 * Every xid below xmin is; none from xmax on is; between them, those that are not in progress.
 */
export interface Snapshot {
  readonly xmin: bigint;
  readonly xmax: bigint;
  /** Top-level transactions that were in progress, ascending. */
  readonly inProgress: readonly bigint[];
}

/** Whether a committed transaction's rows are seen by the snapshot: pg_visible_in_snapshot(). */
export function isVisible(xid: bigint, snapshot: Snapshot): boolean {
  if (xid < snapshot.xmin) return true;
  if (xid >= snapshot.xmax) return false;
  return !snapshot.inProgress.includes(xid);
}

/**
 * Reads the text form `xmin:xmax:xip,xip`.
 * @throws Error when the text has another form
 */
export function parseSnapshot(text: string): Snapshot {
  const parts = /^(\d+):(\d+):([\d,]*)$/.exec(text);
  if (parts === null) throw new Error(`not a snapshot: ${text}`);
  const [, xmin, xmax, list] = parts as unknown as [string, string, string, string];
  return { xmin: BigInt(xmin), xmax: BigInt(xmax), inProgress: list === "" ? [] : list.split(",").map(BigInt) };
}

/** Writes the text form that {@link parseSnapshot} reads. */
export function formatSnapshot(snapshot: Snapshot): string {
  return `${snapshot.xmin}:${snapshot.xmax}:${snapshot.inProgress.join(",")}`;
}
