// The Chromium of the tests and of the pictures, and the demos that they look at.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const PROGRAM = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** It may look for nothing beyond this machine. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launch() {
  return chromium.launch({ executablePath: PROGRAM, args: ARGUMENTS });
}

/** Starts a demo of the `althing` command at `program`, and waits for the address of its page. */
export async function demo(program, options, cwd) {
  const child = spawn(program, ["demo", "--json", "--http", "127.0.0.1:0", ...options], {
    cwd,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the demo has ended with ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const record = JSON.parse(line);
      if (record.event === "serving") resolve(record.url);
    });
  });
  return { url, end: () => child.kill("SIGKILL") };
}
