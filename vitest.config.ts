import { defineConfig } from "vitest/config";

// Tests read the sources, never dist: a stale build cannot pass them. The end-to-end tier starts the built command.
export default defineConfig({
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    include: [
      "packages/*/src/**/*.test.ts",
      "tests/src/**/*.test.ts",
      "torture/src/**/*.test.ts",
      "scripts/**/*.test.ts",
    ],
    globalSetup: ["tests/src/services.global.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    fileParallelism: true,
    maxWorkers: 2,
  },
});
