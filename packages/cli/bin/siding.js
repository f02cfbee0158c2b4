#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";

// Each shard's transaction blocks a worker thread while it waits for Kafka; with the default of four, four shards would
// wait for each other. It has to be set before the first thread starts.
process.env.UV_THREADPOOL_SIZE ??= "16";
// Pages outlive the young generation and die soon after; left to itself V8 lets them pile up (docs/decisions/0004).
setFlagsFromString("--heap-growing-percent=100");
await import("../dist/main.js");
