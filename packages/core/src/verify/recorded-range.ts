import { sumTallies, type TopicTally } from "./tally.js";

/** What one shard published in one minute, as it was recorded with its batches. Cursors are opaque texts here. */
export interface RecordedSpan {
  /** Unix ms, the start of the minute. */
  readonly minuteMs: number;
  /** Whether each batch of it began where the one before ended. */
  readonly isWhole: boolean;
  /** Whether lanes stood as it began: what they held lies behind no one cursor. */
  readonly hasLanes: boolean;
  readonly since: string;
  readonly upto: string;
  readonly sums: readonly TopicTally[];
}

/** From where on a shard's record has no gap up to its cursor. */
export interface RecordedRange {
  /** The cursor that it starts at; null: there is no record of what led to the shard's cursor. */
  readonly start: string | null;
  /** The minute that it starts with; null where nothing was published since. */
  readonly startMs: number | null;
  /** Whether it reaches back to the time that was asked for, so that nothing has to be looked for before it. */
  readonly isCovering: boolean;
  /** A cursor from before the start: records near the start belong to rows behind this one. Null where not covering. */
  readonly context: string | null;
  readonly sums: readonly TopicTally[];
}

/** How far before the start Kafka is read at most, but for rows that had waited longer: see the scan's margin. */
const CONTEXT_MS = 15 * 60_000;
const MINUTE_MS = 60_000;

/**
 * The longest gapless run of spans that ends at the shard's cursor, cut at the time that is asked for. A gap is where
 * something else than a recorded batch moved the cursor: a relay of an earlier release, or a recovery. It begins where no lane stood, so that one
 * cursor says what had been published by then.
 * @param spans of one shard, by minute, ascending; the newest one among them, however old
 * @param sinceMs Unix ms; null asks for all there is
 */
export function recordedRange(spans: readonly RecordedSpan[], cursor: string, sinceMs: number | null): RecordedRange {
  const chain: RecordedSpan[] = [];
  let next = cursor;
  for (const span of spans.toReversed()) {
    if (span.upto !== next) break;
    // Somewhere within it there is a gap: nothing of it can be told apart.
    if (!span.isWhole) break;
    chain.unshift(span);
    next = span.since;
  }
  const oldest = chain[0];
  if (oldest === undefined) return { start: null, startMs: null, isCovering: false, context: null, sums: [] };
  const fromMs = sinceMs === null ? null : Math.floor(sinceMs / MINUTE_MS) * MINUTE_MS;
  const wanted = fromMs === null ? chain : chain.filter(({ minuteMs }) => minuteMs >= fromMs);
  const plain = wanted.findIndex(({ hasLanes }) => !hasLanes);
  if (plain < 0 && wanted.length > 0) return { start: null, startMs: null, isCovering: false, context: null, sums: [] };
  const within = wanted.slice(Math.max(0, plain));
  const first = within[0];
  // A span from before the time: the record reaches back to it, whatever lies between.
  const isCovering = fromMs !== null && oldest.minuteMs < fromMs && plain <= 0;
  const start = first?.since ?? cursor;
  const contextMs = (fromMs ?? 0) - CONTEXT_MS;
  const context = isCovering
    ? (chain.find(({ minuteMs, hasLanes }) => minuteMs >= contextMs && !hasLanes)?.since ?? start)
    : null;
  return {
    start,
    startMs: first?.minuteMs ?? null,
    isCovering,
    context,
    sums: sumTallies(within.flatMap(({ sums }) => sums)),
  };
}
