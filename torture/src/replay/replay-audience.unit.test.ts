import { expect, test } from "vitest";
import { ReplayAudience } from "./replay-audience.js";

const record = (n: number, job?: string, key = "k-1", id = `id-${n}`) => ({
  ...{ partition: 0, offset: 0, timestampMs: 0, key, value: String(n) },
  headers: { "tenant-id": "t", "event-id": id, ...(job === undefined ? {} : { "replay-job-id": job }) },
});

function audience(...records: ReturnType<typeof record>[]): ReplayAudience {
  const heard = new ReplayAudience("t", 3);
  for (const each of records) heard.receive(each);
  return heard;
}

test("all events once a job and in order is what is wanted", () => {
  const heard = audience(record(1), record(2), record(3, undefined, "k-2"), record(1, "j"), record(2, "j"));
  expect(heard.heard(null)).toEqual({ events: 3, missing: 0, faults: [] });
  expect(heard.heard("j")).toEqual({ events: 2, missing: 1, faults: [] });
  expect(heard.jobs()).toEqual(["j"]);
});

test.each([
  ["came twice", record(2, "j"), record(2, "j")],
  ["came behind 2", record(2, "j"), record(1, "j")],
  ["not its own", record(2, "j", "k-1", "another")],
  ["nobody asked for", record(4, "j")],
  ["nobody asked for", record(1, "j", "foreign")],
])("%s is a fault", (fault, ...replayed) => {
  expect(
    audience(record(1), record(2), ...replayed)
      .heard("j")
      .faults.join(),
  ).toContain(fault);
});
