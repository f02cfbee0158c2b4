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
