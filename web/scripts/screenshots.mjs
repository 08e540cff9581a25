// Takes the pictures of docs/screenshots: `npm run screenshots -- PROGRAM`, with the path of the
// `althing` command, whose networks they show; those with faults show the made-up one of the tests.
// What each picture shows is waited for, and never timed. `pngquant` (of Debian's package of that
// name) makes them small.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { demo, launch } from "../e2e/chromium.mjs";
import { serve } from "../mock/server.mjs";

const [program] = process.argv.slice(2);
if (!program) throw new Error("which program? npm run screenshots -- target/debug/althing");
const out = fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));
mkdirSync(out, { recursive: true });

const DESK = { width: 1280, height: 880 };
const PHONE = { width: 390, height: 844 };
const ROUNDS = ["--dialect", "elect-chain", "--pace", "3s", "--challenge", "12..16"];
const CHAIN = ["--dialect", "aviary", "--peers", "6", "--pace", "1s"];
const BALLOTS = ["--dialect", "cs60", "--peers", "4", "--pace", "1s"];

const browser = await launch();

async function shot(name, url, size, colorScheme, prepare, hash = "") {
  const page = await browser.newPage({ viewport: size, colorScheme });
  await page.goto(url + hash);
  await page.locator("#view-ring button.peer").first().waitFor();
  await page.locator("#view-plug").waitFor();
  await prepare(page);
  const path = `${out}${name}-${colorScheme}.png`;
  await page.screenshot({ path });
  execFileSync("pngquant", ["--force", "--ext", ".png", path]);
  await page.close();
  console.log(`${name}-${colorScheme}`);
}

const cards = (page, count) =>
  page.locator("#view-ledger .card:not(.rival)").nth(count - 1).waitFor({ timeout: 120_000 });
const votes = async (page) => {
  await cards(page, 2);
  await page.locator("#view-round .tick:not(.no)").nth(2).waitFor({ timeout: 120_000 });
};
const toView = (page, id) =>
  page.evaluate((it) => document.getElementById(it)?.scrollIntoView({ block: "start" }), id);

async function partition(page) {
  await cards(page, 3);
  await page.locator("#view-ring button.peer").first().focus();
  for (const key of ["Space", "ArrowRight", "Space", "ArrowRight", "Space", "p"]) {
    await page.keyboard.press(key);
  }
  await page.locator(".caption.waits").first().waitFor({ timeout: 60_000 });
  await votes(page);
}

const rounds = await demo(program, ROUNDS);
for (const theme of ["light", "dark"]) {
  await shot("rounds", rounds.url, DESK, theme, votes);
  await shot("rounds-phone", rounds.url, PHONE, theme, votes);
}
await shot("tour", rounds.url, DESK, "light", votes, "#tour");
await shot("explain", rounds.url, DESK, "dark", async (page) => {
  await votes(page);
  await page.keyboard.press("?");
  await page.locator("#view-round .lanes").hover();
  await page.locator(".explain-card dt").first().waitFor();
});
await shot("log", rounds.url, DESK, "light", async (page) => {
  await votes(page);
  await toView(page, "view-log");
});
await shot("log-phone", rounds.url, PHONE, "dark", async (page) => {
  await votes(page);
  await toView(page, "view-log");
});
rounds.end();

const made = await serve({ peers: 10, roundMs: 3000 });
await shot("plug", made.url, DESK, "dark", partition);
await shot("plug-phone", made.url, PHONE, "light", async (page) => {
  await page.locator("#view-plug .faults li").waitFor();
  await toView(page, "view-plug");
});
await made.close();

const chain = await demo(program, CHAIN);
for (const theme of ["light", "dark"]) {
  await shot("chain", chain.url, DESK, theme, (page) => cards(page, 5));
}
await shot("chain-phone", chain.url, PHONE, "dark", async (page) => {
  await cards(page, 5);
  await toView(page, "view-ledger");
});
await shot("what-if", chain.url, DESK, "light", async (page) => {
  await cards(page, 5);
  await page.locator("#view-ledger .card:not(.rival)").nth(1).click();
  await page.locator("#view-closer .grid button").nth(40).click();
  await page.locator("#view-ledger .card.fallen").first().waitFor();
  await page.locator("#view-ledger .strip").evaluate((strip) => strip.scrollTo(0, 0));
});
chain.end();

const ballots = await demo(program, BALLOTS);
await shot("ballots", ballots.url, DESK, "light", async (page) => {
  await cards(page, 3);
});
ballots.end();
await browser.close();
