import { parentPort } from "node:worker_threads";
import { playSeeds } from "./play-seeds.js";

/** One of several threads: is told where to begin and how far to go, answers what came of it. */
parentPort!.on("message", ({ from, count }: { from: number; count: number }) => {
  void playSeeds(from, count).then((result) => parentPort!.postMessage(result));
});
