import type { Policy } from "./policy.js";

export function isMatch({ name, match }: Policy, tenantId: string): boolean {
  switch (match.kind) {
    case "tenant":
      return match.tenantId === tenantId;
    case "pattern":
      return isGlobMatch(match.pattern, tenantId);
    case "percentage":
      return placeOf(name, tenantId) < match.percent;
  }
}

/**
 * Where a tenant stands among all, from 0 (inclusive) to 100 (exclusive): the same for ever under one policy's name, so
 * that raising a percentage only adds tenants. Under another name it stands elsewhere, or the same few would be the
 * first to try everything.
 */
export function placeOf(policyName: string, tenantId: string): number {
  return (mixed(fnv1a(`${policyName}\u0000${tenantId}`)) / 2 ** 32) * 100;
}

/** Whole characters, not UTF-16 halves. Takes no more than pattern times text steps, whatever the pattern. */
export function isGlobMatch(pattern: string, text: string): boolean {
  const glob = [...pattern];
  const characters = [...text];
  let at = 0;
  let place = 0;
  let star = -1;
  let starPlace = 0;
  while (place < characters.length) {
    if (glob[at] === "*") {
      star = at;
      starPlace = place;
      at += 1;
    } else if (at < glob.length && (glob[at] === "?" || glob[at] === characters[place])) {
      at += 1;
      place += 1;
    } else if (star >= 0) {
      // The last star takes one character more. Earlier stars need not be tried again: they took as little as they could.
      starPlace += 1;
      place = starPlace;
      at = star + 1;
    } else return false;
  }
  while (glob[at] === "*") at += 1;
  return at === glob.length;
}

/** FNV-1a over UTF-16 code units, 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  return hash >>> 0;
}

/** Spreads the last characters' difference over all bits: names that count up would stand in a row otherwise. */
function mixed(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
