import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { SidingProcess } from "../relay-process.js";
import { withStubApi } from "./stub-api.js";

const jobId = randomUUID();
const running = {
  job_id: jobId,
  kind: "replay",
  state: "running",
  filter: { tenant: "acme" },
  events_per_second: null,
  actor: "ada",
  reason: "rebuilt",
  created_at: "2026-01-01T00:00:00.000Z",
  ended_at: null,
  cancelled_by: null,
  cancel_reason: null,
  asked: 2,
  counts: { replayed: 0, redriven: 0, discarded: 0, waiting: 0, failed: 0 },
  last_error: null,
};
const done = { ...running, state: "done", ended_at: "2026-01-01T00:00:01.000Z" };
const problem = (status: number) => ({ status, body: { type: "about:blank", title: "Not now", status } });
const word = ["--reason", "r", "--yes"];
const siding = (url: string, ...args: string[]) => new SidingProcess(args, { SIDING_ADMIN_URL: url }).ended;

test("another's cancellation that came first is not this one's", async () => {
  const foreign = { ...running, state: "cancelled", cancelled_by: "bob", cancel_reason: "his", was_running: false };
  await withStubApi(
    (request) => ({ body: request.startsWith("DELETE") ? foreign : running }),
    async (url) => {
      const { code, stdout, stderr } = await siding(url, "jobs", "cancel", jobId, ...word, "-o", "json");
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `job ${jobId} was cancelled by bob before it could be cancelled\n`,
      });
      expect(JSON.parse(stdout)).toMatchObject({ cancelled_by: "bob", cancel_reason: "his" });
    },
  );
});

test("a wait for a job outlasts an API that is busy, restarts, or counts requests", async () => {
  const answers = [{ body: running }, problem(503), "silence", problem(429), { body: done }] as const;
  let asked = 0;
  await withStubApi(
    () => answers[asked++]!,
    async (url) => {
      expect(await siding(url, "jobs", "show", jobId, "--wait")).toMatchObject({
        code: 0,
        stderr: `job ${jobId} is done, 0 of 2\n`,
      });
    },
  );
  expect(asked).toBe(answers.length);
});

test.each([
  ["no answer", "silence"],
  ["a 503", problem(503)],
] as const)("after %s to a wish nobody knows what became of it", async (_what, answer) => {
  await withStubApi(
    () => answer,
    async (url) => {
      const { code, stderr } = await siding(url, "dead", "redrive", "--tenant", "acme", ...word);
      expect(code).toBe(3);
      expect(stderr.trim().split("\n")).toEqual([expect.stringContaining("look at `siding jobs list` before")]);
    },
  );
});
