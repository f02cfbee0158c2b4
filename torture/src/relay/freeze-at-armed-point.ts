import type { FailPoint, Reach } from "@siding/core/ports/fail-point.js";
import type { FromRelay, ToRelay } from "./fail-point-messages.js";

/**
 * Stops this process, all its threads, exactly at the point that the parent armed, once. Nothing may come between the
 * point and the stop, hence no promise here: the message is written and the signal taken before this returns.
 */
export function freezeAtArmedPoint(): Reach {
  let armed: FailPoint | null = null;
  let hasBegun = false;
  const say = (message: FromRelay): void => void process.send?.(message);
  process.on("message", (message: ToRelay) => {
    armed = message.arm;
  });
  return (point, shard) => {
    if (!hasBegun) say({ kind: "begun" });
    hasBegun = true;
    if (point !== armed) return;
    armed = null;
    say({ kind: "reached", point, shard });
    process.kill(process.pid, "SIGSTOP");
    say({ kind: "resumed" });
  };
}
