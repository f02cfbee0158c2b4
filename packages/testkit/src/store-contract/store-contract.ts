import { afterEach, beforeEach, describe } from "vitest";
import { failurePromises } from "./failure-promises.js";
import { jobPromises } from "./job-promises.js";
import { lanePromises } from "./lane-promises.js";
import { leasePromises } from "./lease-promises.js";
import { pagePromises } from "./page-promises.js";
import { planPromises } from "./plan-promises.js";
import type { StoreUnderTest } from "./store-under-test.js";

/**
 * What every Store promises (the port in core). The real one and a simulated one run the same suite, so that what is
 * proven over the simulated one holds for the real one.
 * @param open a fresh outbox for each test
 */
export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the store's promises`, () => {
    let outbox: StoreUnderTest;
    beforeEach(async () => {
      outbox = await open();
    });
    afterEach(() => outbox.close());

    const opened = (): StoreUnderTest => outbox;
    describe("leases", () => leasePromises(opened));
    describe("plans", () => planPromises(opened));
    describe("failures", () => failurePromises(opened));
    describe("lanes", () => lanePromises(opened));
    describe("jobs", () => jobPromises(opened));
    describe("pages", () => pagePromises(opened));
  });
}
