import type { Redaction } from "@siding/admin/server/redaction.js";

export type { Redaction };

const TOPIC = /^([A-Za-z0-9._-]{1,249}|\*)$/;
const NAME = /^[^.,;=\s]+$/;

/** Reads `orders=card.number,items.*.iban;*=password`; undefined for anything else. A name is not empty and holds none of `.,;=`. */
export function parseRedactions(text: string): readonly Redaction[] | undefined {
  const found: Redaction[] = [];
  for (const part of text.split(";")) {
    const [topic, paths, ...more] = part.split("=");
    if (topic === undefined || paths === undefined || more.length > 0 || !TOPIC.test(topic)) return undefined;
    for (const each of paths.split(",")) {
      const path = each.split(".");
      if (!path.every((name) => NAME.test(name))) return undefined;
      found.push({ topic, path });
    }
  }
  return found;
}
