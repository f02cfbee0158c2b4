import type { Interference } from "./interference.js";
import type { RelayProcess } from "./relay-process.js";
import type { Surroundings } from "./surroundings.js";

/** How the server ends a call. Only one of the two is called, once. */
export interface Reply<T> {
  done(result: T): void;
  fail(error: Error): void;
}

export interface Call<T> {
  readonly name: string;
  readonly timeoutMs: number;
  /** What the caller is told when no answer came. */
  readonly lost: (how: string) => Error;
  /** Runs at the server when the request has arrived there. */
  readonly serve: (reply: Reply<T>) => void;
}

/**
 * A call from a process to a server over a network on which anything may happen, in the steps NAME:start (the process
 * is about to send), NAME:effect (the request has reached the server) and NAME:answer (the server has done its part).
 * The server acts whether or not the caller still lives or waits.
 */
export function remoteCall<T>(world: Surroundings, process: RelayProcess, call: Call<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const { timeline, faults, coverage } = world;
    // Mostly below a millisecond; one in ten takes longer than six, so that what is asked later may come first.
    const latencyMs = (): number => 0.15 + process.random.next() ** 6 * 12;
    let isOver = false;
    const settle = (act: () => void): void =>
      process.deliver(() => {
        if (isOver) return;
        isOver = true;
        timer.cancel();
        act();
      });
    const timer = timeline.after(call.timeoutMs, () => settle(() => reject(call.lost("no answer in time"))));
    const lose = ({ resetMs }: Interference): void => {
      if (resetMs !== null) timeline.after(resetMs, () => settle(() => reject(call.lost("the connection was reset"))));
    };

    const answer = (act: () => void): void => {
      if (isOver && process.isAlive) coverage.note("effect-after-time-out");
      const met = faults.reach(`${call.name}:answer`, process);
      if (met.isLost) {
        coverage.note("answer-lost");
        world.story.tell("network", () => `loses the answer to ${process.name}'s ${call.name}`);
        lose(met);
        return;
      }
      timeline.after(latencyMs() + met.delayMs, () => settle(act));
    };
    const arrive = (): void => {
      const met = faults.reach(`${call.name}:effect`, process);
      if (met.isLost) {
        dropRequest(met);
        return;
      }
      const serve = (): void =>
        call.serve({
          done: (result) => answer(() => resolve(result)),
          fail: (error) => answer(() => reject(error)),
        });
      if (met.delayMs === 0) serve();
      else timeline.after(met.delayMs, serve);
    };
    const dropRequest = (met: Interference): void => {
      coverage.note("request-lost");
      world.story.tell("network", () => `loses ${process.name}'s ${call.name}`);
      lose(met);
    };

    const met = faults.reach(`${call.name}:start`, process);
    // deliver: a process that was paused at this step sends when it goes on, one that died never does.
    process.deliver(() => {
      if (met.isLost) dropRequest(met);
      else timeline.after(latencyMs() + met.delayMs, arrive);
    });
  });
}
