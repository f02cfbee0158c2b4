import type { Timeline } from "@siding/simulation/world/timeline.js";

/** Simulated time passes while a test waits, one appointment a turn. Answers how to end it. */
export function keepTimeGoing(timeline: Timeline): () => void {
  let isOver = false;
  const turn = (): void => {
    if (isOver) return;
    timeline.step();
    setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    isOver = true;
  };
}

export function simulatedMs(timeline: Timeline, ms: number): Promise<void> {
  return new Promise((resolve) => {
    timeline.after(ms, resolve);
  });
}
