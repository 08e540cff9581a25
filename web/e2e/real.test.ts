/** The page with the network that it is made for: `althing demo`, whose path ALTHING has. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { launch, open, type Opened } from "./browser";

const PROGRAM = process.env["ALTHING"];

let browser: Browser;
let opened: Opened;
let demo: ChildProcess;
let folder: string;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
afterEach(async () => {
  expect(opened.complaints).toEqual([]);
  await opened.context.close();
  demo.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** Starts a demo, and opens the page at the address that it tells. */
async function begin(...options: string[]): Promise<Page> {
  folder = mkdtempSync(join(tmpdir(), "althing-page-"));
  const serves = ["demo", "--json", "--http", "127.0.0.1:0"];
  const started = spawn(PROGRAM ?? "", [...serves, ...options], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  demo = started;
  const lines = createInterface({ input: started.stdout });
  const url = await new Promise<string>((resolve, reject) => {
    started.once("exit", (code) => reject(new Error(`the demo has ended with ${code}`)));
    lines.on("line", (line) => {
      const record = JSON.parse(line) as { event: string; url?: string };
      if (record.event === "serving" && record.url) resolve(record.url);
    });
  });
  opened = await open(browser, url);
  return opened.page;
}

const peers = (page: Page) => page.locator("#view-ring button.peer");
const leader = (page: Page) => page.locator("#view-ring button.peer.leads");
const rows = async (page: Page) => {
  const counted = await page.locator("#view-ledger header > .quiet").allTextContents();
  return Number(counted[0]?.replaceAll(",", "").match(/\d+/)?.[0] ?? 0);
};

describe.skipIf(!PROGRAM)("althing demo", () => {
  it("shows its ten peers, and another leader when the leader is crashed by its button", async () => {
    const page = await begin("--pace", "1s");
    await expect.poll(() => peers(page).count()).toBe(10);
    await expect.poll(() => rows(page)).toBeGreaterThan(0);
    const before = await leader(page).textContent();
    await page.getByRole("button", { name: "Choose the leader" }).click();
    await page.getByRole("button", { name: "Crash", exact: true }).click();
    await page.locator("#view-ring button.peer.gone").waitFor();
    await expect.poll(() => leader(page).textContent()).not.toBe(before);
    await page.getByRole("button", { name: "Restart" }).click();
    await expect.poll(() => page.locator("#view-ring button.peer.gone").count()).toBe(0);
    const counted = await rows(page);
    await expect.poll(() => rows(page)).toBeGreaterThan(counted);
  });

  it("a line across the ring stops the minority, and its undoing lets it catch up", async () => {
    const page = await begin("--pace", "500ms");
    await expect.poll(() => rows(page)).toBeGreaterThan(0);
    const ring = await page.locator(".ring").boundingBox();
    if (!ring) throw new Error("the ring has no place");
    const x = ring.x + ring.width * 0.72;
    await page.mouse.move(x, ring.y + ring.height - 4);
    await page.mouse.down();
    await page.mouse.move(x, ring.y + 4, { steps: 8 });
    await page.mouse.up();
    const fault = page.locator("#view-plug .faults li");
    await fault.waitFor();
    const waits = page.locator('#view-ring button.peer[aria-label*="waits for a majority"]');
    await expect.poll(() => waits.count(), { timeout: 40_000 }).toBeGreaterThan(0);
    const before = await rows(page);
    await expect.poll(() => rows(page), { timeout: 40_000 }).toBeGreaterThan(before);
    await fault.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => waits.count(), { timeout: 40_000 }).toBe(0);
  });

  it("a recording of it ends as it ended", async () => {
    const record = "run.jsonl";
    const page = await begin("--rounds", "5", "--record", record);
    const table = page.locator("#view-table tbody td.mono");
    await expect.poll(() => page.locator(".centre").textContent()).toContain("Done");
    const live = await table.allTextContents();
    expect(live).toHaveLength(5);
    const recorded = readFileSync(join(folder, record), "utf8");
    expect(recorded).toContain("round_decided");
    await page.setInputFiles("input[type=file]", join(folder, record));
    await page.getByLabel("Moment that is shown").focus();
    await page.keyboard.press("End");
    await expect.poll(() => table.allTextContents()).toEqual(live);
  });

  it("a byte that is changed in a block makes it and all after it fall", async () => {
    const page = await begin("--dialect", "aviary", "--peers", "4", "--pace", "500ms");
    const cards = page.locator("#view-ledger .card:not(.rival)");
    await expect.poll(() => cards.count()).toBeGreaterThan(3);
    await cards.first().click();
    await page.locator("#view-closer .grid button").nth(70).click();
    await expect.poll(() => page.locator("#view-ledger .card.fallen").count()).toBeGreaterThan(2);
    await page.getByRole("button", { name: "Put it back" }).click();
    await expect.poll(() => page.locator("#view-ledger .card.fallen").count()).toBe(0);
  });

  it("a ballot that is cast on the page is counted, and found in its block", async () => {
    const page = await begin("--dialect", "cs60", "--peers", "4", "--pace", "500ms");
    await page.getByLabel("Voter").fill("Ada of the page");
    await page.getByLabel("Choice").fill("perhaps");
    await page.getByRole("button", { name: "Cast" }).click();
    const result = page.locator("#view-ballots .result");
    await expect.poll(() => result.textContent(), { timeout: 50_000 }).toMatch(/is in block \d+/);
    await expect.poll(() => page.locator("#view-ballots .bars").textContent()).toContain("perhaps");
    await page.getByRole("button", { name: "Find mine" }).click();
    await expect.poll(() => result.textContent()).toContain("Ada of the page voted perhaps");
  });
});
