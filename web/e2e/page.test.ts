/**
 * What the page does by itself, in a real browser, with a made-up network; real.test.ts has the
 * stories that take a real one.
 */
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { serve } from "../mock/server.mjs";
import { launch, open, type Opened, type Options } from "./browser";
import { decidedIn, dropRecording, faults, leader, peers, rows, seeds, violations } from "./steps";

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
  // What fails once the server is gone is no complaint; and nothing is left behind by one.
  const complaints = [...opened.complaints];
  await opened.context.close();
  await server.close();
  expect(complaints).toEqual([]);
});

async function begin(options: Options & { peers?: number; roundMs?: number } = {}): Promise<Page> {
  server = await serve({ peers: options.peers ?? 10, roundMs: options.roundMs ?? 400 });
  opened = await open(browser, server.url, options);
  return opened.page;
}

describe("a demo", () => {
  it("is cut in two by the keyboard as well", async () => {
    const page = await begin();
    await expect.poll(() => peers(page).count()).toBe(10);
    await peers(page).first().focus();
    await page.keyboard.press("Space");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Space");
    await page.keyboard.press("p");
    await faults(page).waitFor();
    expect(await faults(page).textContent()).toContain("peers 1, 2 cannot reach the others");
    await faults(page).getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => faults(page).count()).toBe(0);
  });
});

describe("time", () => {
  it("a recording that is dropped on it ends with the table that was recorded", async () => {
    const page = await begin();
    await dropRecording(page, RECORDING);
    await expect.poll(() => seeds(page).allTextContents()).toEqual(decidedIn(RECORDING));
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
    await faults(page).waitFor();
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
