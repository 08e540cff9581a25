import { defineConfig } from "vitest/config";

/** Tests in a real browser, one after the other: each has a network and a browser of its own. */
export default defineConfig({
  test: {
    include: ["e2e/**/*.test.ts"],
    fileParallelism: false,
    expect: { poll: { timeout: 60_000 } },
    testTimeout: 400_000,
    hookTimeout: 60_000,
  },
});
