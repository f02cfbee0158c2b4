#!/usr/bin/env node
// Each shard's transaction blocks a worker thread while it waits for Kafka; with the default of four, four shards would
// wait for each other. It has to be set before the first thread starts.
process.env.UV_THREADPOOL_SIZE ??= "24";
await import("../dist/main.js");
