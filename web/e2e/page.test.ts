/** What a person does on the page of a demo, in a real browser. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { serve } from "../mock/server.mjs";
import { launch, open, type Opened, type Options } from "./browser";

const RECORDING = fileURLToPath(new URL("../tests/logs/elect-chain.jsonl", import.meta.url));
const CHAIN = fileURLToPath(new URL("../tests/logs/cs60.jsonl", import.meta.url));

let browser: Browser;
let opened: Opened;
let server: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
afterEach(async () => {
  expect(opened.complaints).toEqual([]);
  await opened.context.close();
  await server.close();
});

async function begin(options: Options & { peers?: number; roundMs?: number } = {}): Promise<Page> {
  server = await serve({ peers: options.peers ?? 10, roundMs: options.roundMs ?? 400 });
  opened = await open(browser, server.url, options);
  return opened.page;
}

const peers = (page: Page) => page.locator("#view-ring button.peer");
const leader = (page: Page) => page.locator("#view-ring button.peer.leads");
const rows = async (page: Page) => {
  const counted = await page.locator("#view-ledger header > .quiet").allTextContents();
  return Number(counted[0]?.replaceAll(",", "").match(/\d+/)?.[0] ?? 0);
};

describe("a demo", () => {
  it("shows its ten peers, one of which leads, and rows as they are decided", async () => {
    const page = await begin();
    await expect.poll(() => peers(page).count()).toBe(10);
    await expect.poll(() => leader(page).count()).toBe(1);
    await expect.poll(() => rows(page)).toBeGreaterThan(1);
    await expect.poll(() => page.locator("#view-table tbody tr").count()).toBeGreaterThan(1);
  });

  it("has another leader when the leader is crashed by its button", async () => {
    const page = await begin();
    await leader(page).waitFor();
    const before = await leader(page).textContent();
    await page.getByRole("button", { name: "Choose the leader" }).click();
    await page.getByRole("button", { name: "Crash", exact: true }).click();
    await page.locator("#view-ring button.peer.gone").waitFor();
    await expect.poll(() => leader(page).textContent()).not.toBe(before);
    await page.locator("#view-plug").getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => page.locator("#view-ring button.peer.gone").count()).toBe(0);
  });

  it("goes on without those that a line drawn across the ring cuts off, until it is undone", async () => {
    const page = await begin();
    await expect.poll(() => rows(page)).toBeGreaterThan(1);
    const ring = await page.locator(".ring").boundingBox();
    if (!ring) throw new Error("the ring has no place");
    const x = ring.x + ring.width * 0.72;
    await page.mouse.move(x, ring.y + ring.height - 4);
    await page.mouse.down();
    await page.mouse.move(x, ring.y + 4, { steps: 8 });
    await page.mouse.up();
    const fault = page.locator("#view-plug .faults li");
    await fault.waitFor();
    expect(await fault.textContent()).toContain("cannot reach the others");
    const waits = page.locator('#view-ring button.peer[aria-label*="waits for a majority"]');
    await expect.poll(() => waits.count()).toBeGreaterThan(1);
    const before = await rows(page);
    await expect.poll(() => rows(page)).toBeGreaterThan(before);
    await fault.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => waits.count(), { timeout: 10_000 }).toBe(0);
  });

  it("is cut in two by the keyboard as well", async () => {
    const page = await begin();
    await expect.poll(() => peers(page).count()).toBe(10);
    await peers(page).first().focus();
    await page.keyboard.press("Space");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Space");
    await page.keyboard.press("p");
    const fault = page.locator("#view-plug .faults li");
    await fault.waitFor();
    expect(await fault.textContent()).toContain("peers 1, 2 cannot reach the others");
  });
});

describe("time", () => {
  it("a recording that is opened ends with the table that was recorded", async () => {
    const page = await begin();
    await page.setInputFiles("input[type=file]", RECORDING);
    const lines = readFileSync(RECORDING, "utf8").trim().split("\n");
    const events = lines.map((line) => JSON.parse(line));
    const decided = new Map<number, string>();
    for (const it of events) if (it.event === "round_decided") decided.set(it.transaction, it.seed);
    await page.getByLabel("Moment that is shown").focus();
    await page.keyboard.press("End");
    const seeds = page.locator("#view-table tbody td.mono");
    await expect.poll(() => seeds.allTextContents()).toEqual([...decided.values()].reverse());
    await expect.poll(() => page.locator(".centre").textContent()).toContain("Done");
  });

  it("a link opens at its moment, and the live button leaves it", async () => {
    const page = await begin({ hash: "#t=0.5" });
    await expect.poll(() => page.locator(".now").textContent()).toMatch(/^0:00\.50?0?$/);
    const shown = await page.locator("#view-ledger").textContent();
    await page.getByRole("button", { name: "Live" }).click();
    await expect.poll(() => page.locator("#view-ledger").textContent()).not.toBe(shown);
  });
});

describe("all who look at it", () => {
  it.each(["light", "dark"] as const)("axe finds nothing wrong in %s colours", async (theme) => {
    const page = await begin({ theme });
    await expect.poll(() => rows(page)).toBeGreaterThan(0);
    expect(await violations(page)).toEqual([]);
    // With a peer, a fault and a row more closely, and explanations.
    await page.getByRole("button", { name: "Choose the leader" }).click();
    await page.getByRole("button", { name: "Lose", exact: true }).click();
    await page.locator("#view-plug .faults li").waitFor();
    await page.locator("#view-ledger .card").first().click();
    await page.keyboard.press("?");
    await page.locator("#view-closer").hover();
    expect(await violations(page)).toEqual([]);
  });

  it("axe finds nothing wrong in a recording of a chain, on a phone", async () => {
    const page = await begin({ width: 390, height: 844 });
    await page.setInputFiles("input[type=file]", CHAIN);
    await page.getByLabel("Moment that is shown").focus();
    await page.keyboard.press("End");
    await page.locator("#view-ledger .card").first().click();
    await page.locator("#view-closer").waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it("the tour has five steps, and explanations name their rules", async () => {
    const page = await begin({ hash: "#tour" });
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    for (let step = 1; step <= 5; step += 1) {
      expect(await dialog.textContent()).toContain(`${step} of 5`);
      await dialog.getByRole("button", { name: step < 5 ? "Next" : "Done" }).click();
    }
    await expect.poll(() => dialog.count()).toBe(0);
    await page.keyboard.press("?");
    await leader(page).hover();
    const card = page.locator(".explain-card");
    await expect.poll(() => card.textContent()).toContain("E1");
  });

  it("a phone shows all of it without scrolling sideways", async () => {
    const page = await begin({ width: 360, height: 740 });
    await expect.poll(() => rows(page)).toBeGreaterThan(0);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
  });
});

/** Returns what axe finds, with what it found it in. */
async function violations(page: Page): Promise<string[]> {
  const source = new URL("../node_modules/axe-core/axe.min.js", import.meta.url);
  // As one would type it into the console, which the page's policy does not forbid.
  await page.evaluate(readFileSync(source, "utf8"));
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: () => Promise<AxeResult> } };
    const { violations } = await axe.run();
    return violations.map((it) => `${it.impact} ${it.id}: ${it.nodes.map((n) => n.html).join(" ")}`);
  });
}

interface AxeResult {
  violations: { impact: string; id: string; nodes: { html: string }[] }[];
}
