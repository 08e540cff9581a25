/**
 * The page with the network that it is made for: `althing demo`. ALTHING has the path of the program,
 * as `cargo xtask test` sets it; without it these tests are left out.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { launch, open, type Opened } from "./browser";
import { demo as startDemo, type Demo } from "./chromium.mjs";
import * as steps from "./steps";

const PROGRAM = process.env["ALTHING"];

/** How long a ballot may take, since other peers may find the block before many times. */
const MINED = { timeout: 240_000 };

let browser: Browser;
let opened: Opened;
let demo: Demo;
let folder: string;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
afterEach(async () => {
  // What fails once the server is gone is no complaint; and nothing is left behind by one.
  const complaints = [...opened.complaints];
  await opened.context.close();
  demo.end();
  rmSync(folder, { recursive: true });
  expect(complaints).toEqual([]);
});

/** Starts a demo, and opens the page at the address that it tells. */
async function begin(...options: string[]): Promise<Page> {
  folder = mkdtempSync(join(tmpdir(), "althing-page-"));
  demo = await startDemo(PROGRAM ?? "", options, folder);
  opened = await open(browser, demo.url);
  return opened.page;
}

/** A network with rounds. */
const ROUNDS = ["--dialect", "elect-chain"];

/** How many records the demo has told. */
async function lastSequence(): Promise<number> {
  const answer = await fetch(`${demo.url}/v1/node`);
  return ((await answer.json()) as { next_sequence: number }).next_sequence;
}

describe.skipIf(!PROGRAM)("althing demo", () => {
  it("shows its ten peers, and another leader when the leader is crashed by its button", async () => {
    const page = await begin(...ROUNDS, "--pace", "1s");
    await expect.poll(() => steps.peers(page).count()).toBe(10);
    await expect.poll(() => steps.rows(page)).toBeGreaterThan(0);
    await expect.poll(() => steps.leader(page).count()).toBe(1);
    const before = await steps.leader(page).textContent();
    await steps.crashLeader(page);
    await expect.poll(() => steps.leader(page).textContent()).not.toBe(before);
    await page.getByRole("button", { name: "Restart" }).click();
    await expect.poll(() => steps.gone(page).count()).toBe(0);
    await steps.moreRows(page);
    expect(await steps.violations(page)).toEqual([]);
  });

  it("shows the members of an assembly, and goes on when the leader is crashed", async () => {
    const page = await begin();
    await expect.poll(() => steps.peers(page).count()).toBe(4);
    const heights = page.locator("#view-assembly tbody b");
    const height = async () => Number(await heights.first().textContent());
    await expect.poll(() => heights.count()).toBeGreaterThan(2);
    await steps.crashLeader(page);
    await expect.poll(() => steps.gone(page).count()).toBe(1);
    const before = await height();
    await expect.poll(height).toBeGreaterThan(before + 5);
    expect(await steps.violations(page)).toEqual([]);
  });

  it("a line across the ring stops the minority, and its undoing lets it catch up", async () => {
    const page = await begin(...ROUNDS, "--pace", "1s");
    await expect.poll(() => steps.rows(page)).toBeGreaterThan(0);
    const fault = await steps.drawPartition(page);
    await expect.poll(() => steps.cutOff(page).count()).toBeGreaterThan(0);
    const number = await steps.cutOff(page).first().textContent();
    const stopped = steps.peers(page).filter({ hasText: new RegExp(`^${number?.trim()}$`) });
    const had = await steps.rowsOf(page, stopped);
    await steps.moreRows(page, 2);
    expect(await steps.rowsOf(page, stopped)).toBe(had);
    expect(await steps.violations(page)).toEqual([]);
    await fault.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => steps.rowsOf(page, stopped)).toBeGreaterThan(had + 1);
    await expect.poll(() => steps.cutOff(page).count()).toBe(0);
  });

  it("a recording of it that is dropped on the page shows the same end", async () => {
    const page = await begin(...ROUNDS, "--pace", "1s", "--record", "run.jsonl");
    await expect.poll(() => steps.rows(page)).toBeGreaterThan(2);
    await page.locator("#view-plug").getByRole("button", { name: "Pause" }).click();
    await page.locator("#view-plug").getByRole("button", { name: "Go on" }).waitFor();
    // Nothing happens while it stands still, so the file and the page come to the same end.
    const file = join(folder, "run.jsonl");
    const told = () => readFileSync(file, "utf8").trim().split("\n").length;
    await expect.poll(async () => (await lastSequence()) === told()).toBe(true);
    const shown = async () => [
      await steps.seeds(page).allTextContents(),
      await page.locator(".centre b").textContent(),
      await steps.leader(page).textContent(),
    ];
    const recorded = steps.decidedIn(file);
    await expect.poll(() => steps.seeds(page).allTextContents()).toEqual(recorded);
    const live = await shown();
    await steps.dropRecording(page, file);
    await expect.poll(shown).toEqual(live);
  });

  it("a byte that is changed in a block makes it and all after it fall", async () => {
    const page = await begin("--dialect", "aviary", "--peers", "4", "--pace", "500ms");
    const cards = page.locator("#view-ledger .card:not(.rival)");
    await expect.poll(() => cards.count()).toBeGreaterThan(3);
    await cards.first().click();
    await page.locator("#view-closer .grid button").nth(70).click();
    const fallen = page.locator("#view-ledger .card.fallen");
    await expect.poll(() => fallen.count()).toBeGreaterThan(2);
    expect(await steps.violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Put it back" }).click();
    await expect.poll(() => fallen.count()).toBe(0);
    // Another block that is chosen is as it is stored.
    await page.locator("#view-closer .grid button").nth(70).click();
    await expect.poll(() => fallen.count()).toBeGreaterThan(2);
    await cards.nth(1).click();
    await expect.poll(() => fallen.count()).toBe(0);
  });

  it("a ballot that is cast on the page is counted, and found in its block", async () => {
    const page = await begin("--dialect", "cs60", "--peers", "4", "--pace", "250ms");
    await page.getByLabel("Voter").fill("Ada of the page");
    await page.getByLabel("Choice").fill("perhaps");
    await page.getByRole("button", { name: "Cast" }).click();
    const result = page.locator("#view-ballots .result");
    await expect.poll(() => result.textContent(), MINED).toMatch(/is in block \d+/);
    const bars = page.locator("#view-ballots .bars");
    await expect.poll(() => bars.textContent()).toContain("perhaps");
    await page.getByRole("button", { name: "Find mine" }).click();
    await expect.poll(() => result.textContent()).toContain("Ada of the page voted perhaps");
  });
});
