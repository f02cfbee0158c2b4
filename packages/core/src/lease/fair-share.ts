/** What a relay does about its shards after a heartbeat (design §5). */
export interface ShareDecision {
  readonly claim: readonly number[];
  readonly giveBack: readonly number[];
}

/**
 * Spreads shards evenly: nobody holds more than ceil(shards / relays). A relay claims what is free up to that, and
 * gives back what it holds beyond it, so a relay that joins is served within a heartbeat or two.
 */
export function fairShare(input: {
  readonly shards: number;
  readonly liveRelays: number;
  readonly held: readonly number[];
  readonly claimable: readonly number[];
}): ShareDecision {
  const shareMax = Math.ceil(input.shards / Math.max(1, input.liveRelays));
  return {
    claim: input.claimable.slice(0, Math.max(0, shareMax - input.held.length)),
    giveBack: input.held.slice(shareMax),
  };
}
