import { play } from "./run/play.js";
import { drawSchedule } from "./schedule/draw-schedule.js";

const [from, n, told] = process.argv.slice(2).map(Number);
const total: Record<string, number> = {};
const t0 = performance.now();
let ms = 0;
let bad = 0;
for (let s = from!; s < from! + n!; s++) {
  const t1 = performance.now();
  const r = await play(drawSchedule(s), { isTold: told === 1 }).catch((e) => ({
    broken: e.stack,
    counts: {},
    story: [],
    simulatedMs: 0,
  }));
  if (performance.now() - t1 > 200) console.log("slow", s, performance.now() - t1);
  ms += r.simulatedMs;
  for (const [k, v] of Object.entries(r.counts)) total[k] = (total[k] ?? 0) + v;
  if (r.broken !== null) {
    bad++;
    if (bad < 25) console.log(s, r.broken);
  }
  if (told) console.log(r.story.join("\n"));
}
console.log(total, "bad", bad, "ms/schedule", (performance.now() - t0) / n!, "simulated", ms / n!);
