/** Three projects by what they need: plain Node, the built Worker in Miniflare, and a real browser. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "core",
          include: ["test/{contract,core,fake,conformance,client,workflows,scripts,page}/**/*.test.ts"],
        },
      },
      {
        test: {
          name: "worker",
          include: ["test/{worker,docs,examples}/**/*.test.ts"],
          globalSetup: ["test/support/build.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // They wait more than they compute.
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          globalSetup: ["test/support/build.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
