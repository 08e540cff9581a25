/** Types of chromium.mjs, for the tests that use it. */
import type { Browser } from "playwright-core";

export function launch(): Promise<Browser>;

export interface Demo {
  url: string;
  /** Kills it. */
  end(): void;
}
export function demo(program: string, options: string[], cwd?: string): Promise<Demo>;
