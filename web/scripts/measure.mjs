// Measures the page in Chromium: `npm run measure`. The networks are the made-up ones of the tests,
// which run in another process, so that they take no time from the page.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { launch } from "../e2e/chromium.mjs";

/** How long pictures are counted. */
const COUNTED_MS = 10_000;
/** Rounds of which the time to the screen is taken. */
const ROUNDS = 40;

if (process.argv[2] === "serve") {
  const { serve } = await import("../mock/server.mjs");
  const [peers, roundMs] = process.argv.slice(3).map(Number);
  const { url } = await serve({ peers, roundMs });
  process.send(url);
} else {
  await measure();
}

/** Starts a network in a process of its own. */
async function network(peers, roundMs) {
  const child = fork(fileURLToPath(import.meta.url), ["serve", String(peers), String(roundMs)]);
  const url = await new Promise((resolve) => child.once("message", resolve));
  return { url, end: () => child.kill() };
}

async function measure() {
  const browser = await launch();
  for (const [peers, roundMs] of [
    [10, 1000],
    [10, 20],
    [100, 400],
  ]) {
    const { url, end } = await network(peers, roundMs);
    const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
    await page.goto(url);
    await page.locator("button.peer").nth(peers - 1).waitFor();
    const paint = await page.evaluate(() => {
      const [first] = performance.getEntriesByName("first-contentful-paint");
      return first?.startTime ?? NaN;
    });
    const pictures = await page.evaluate(pictureTimes, COUNTED_MS);
    const line = { peers, rounds_per_second: 1000 / roundMs, first_view_ms: Math.round(paint) };
    line.pictures_per_second = Math.round((pictures.length * 1000) / COUNTED_MS);
    line.longest_ms = Math.round(Math.max(...pictures));
    if (roundMs >= 1000) Object.assign(line, await toScreen(page));
    console.log(JSON.stringify(line));
    await page.close();
    end();
  }
  await browser.close();
}

/** Runs in the page: the times between two pictures. */
function pictureTimes(length) {
  return new Promise((resolve) => {
    const times = [];
    const begin = performance.now();
    let last = begin;
    const next = (now) => {
      times.push(now - last);
      last = now;
      if (now - begin < length) requestAnimationFrame(next);
      else resolve(times);
    };
    requestAnimationFrame(next);
  });
}

/** From the moment at which a challenge is told to the picture in which its row is mined. */
async function toScreen(page) {
  const times = await page.evaluate(
    (rounds) =>
      new Promise((resolve, reject) => {
        let [row, toldAt] = [-1, null];
        const times = [];
        const stage = document.querySelector(".centre span");
        if (!stage) return reject(new Error("the ring has no middle"));
        const seen = new MutationObserver(() => {
          if (stage.textContent !== "mining" || toldAt === null) return;
          const at = toldAt;
          toldAt = null;
          requestAnimationFrame(() => times.push(Date.now() - at));
          if (times.length >= rounds) resolve(times);
        });
        seen.observe(stage, { characterData: true, childList: true, subtree: true });
        void fetch("/v1/events?from=1000000000").then(async (answer) => {
          // A second reader of the events, which knows when each was told.
          const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
          for (let rest = ""; ; ) {
            const { value, done } = await reader.read();
            if (done) return;
            const lines = (rest + value).split("\n");
            rest = lines.pop();
            for (const line of lines) {
              if (!line.startsWith("data:")) continue;
              const record = JSON.parse(line.slice(5));
              if (record.event !== "challenge_issued" || record.transaction === row) continue;
              row = record.transaction;
              toldAt = stage.textContent === "mining" ? null : Date.parse(record.time);
            }
          }
        });
      }),
    ROUNDS,
  );
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  return { to_screen_p50_ms: at(0.5), to_screen_p99_ms: at(0.99) };
}
