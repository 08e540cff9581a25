/** What a person does on the page, and what it shows: steps that the stories have in common. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";

export const peers = (page: Page) => page.locator("#view-ring button.peer");
export const leader = (page: Page) => page.locator("#view-ring button.peer.leads");
export const gone = (page: Page) => page.locator("#view-ring button.peer.gone");
export const faults = (page: Page) => page.locator("#view-plug .faults li");
/** Peers that hear too few others. */
export const cutOff = (page: Page) =>
  page.locator('#view-ring button.peer[aria-label*="waits for a majority"]');
/** The solutions in the table, the last row first. */
export const seeds = (page: Page) => page.locator("#view-table tbody td.mono");

/** How many rows are in the table, or blocks in the chain. */
export async function rows(page: Page): Promise<number> {
  const counted = await page.locator("#view-ledger header > .quiet").allTextContents();
  return Number(counted[0]?.replaceAll(",", "").match(/\d+/)?.[0] ?? 0);
}

/** Waits until there are more rows than now. */
export async function moreRows(page: Page, more = 1): Promise<void> {
  const before = await rows(page);
  await expect.poll(() => rows(page)).toBeGreaterThanOrEqual(before + more);
}

/** Crashes the leader by its button. */
export async function crashLeader(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Choose the leader" }).click();
  await page.locator("#view-plug").getByRole("button", { name: "Crash", exact: true }).click();
  await gone(page).first().waitFor();
}

/** Draws a line across the ring, which cuts off the fewer that are on the right of it. */
export async function drawPartition(page: Page): Promise<Locator> {
  const ring = await page.locator(".ring.can-draw").boundingBox();
  if (!ring) throw new Error("the ring has no place");
  const x = ring.x + ring.width * 0.72;
  await page.mouse.move(x, ring.y + ring.height - 4);
  await page.mouse.down();
  await page.mouse.move(x, ring.y + 4, { steps: 8 });
  await page.mouse.up();
  const fault = faults(page);
  await fault.waitFor();
  expect(await fault.textContent()).toContain("cannot reach the others");
  return fault;
}

/** Chooses a peer in the ring, and returns how many rows it says that it has. */
export async function rowsOf(page: Page, peer: Locator): Promise<number> {
  const isChosen = (await peer.getAttribute("aria-pressed")) === "true";
  if (!isChosen) await peer.click();
  const table = page.locator('dl[data-explain="ring"] div', { hasText: "Table" }).locator("dd");
  return Number((await table.textContent())?.replaceAll(",", "").match(/\d+/)?.[0]);
}

/** Drops a file on the page, as from another window, and goes to its end. */
export async function dropRecording(page: Page, file: string): Promise<void> {
  const text = readFileSync(file, "utf8");
  const dropped = await page.evaluateHandle(
    ({ text, name }) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], name));
      return transfer;
    },
    { text, name: basename(file) },
  );
  for (const type of ["dragenter", "dragover", "drop"]) {
    await page.dispatchEvent("main", type, { dataTransfer: dropped });
  }
  await page.locator("header", { hasText: basename(file) }).first().waitFor();
  await page.getByLabel("Moment that is shown").focus();
  await page.keyboard.press("End");
}

/** Rows that the table shows, the last ones. */
const ROWS_SHOWN = 100;

/** The solutions of the last rows that a recording tells of, as the table shows them. */
export function decidedIn(file: string): string[] {
  const rows = new Map<number, string>();
  for (const line of readFileSync(file, "utf8").trim().split("\n")) {
    const record = JSON.parse(line) as { event: string; transaction: number; seed: string };
    if (record.event === "round_decided") rows.set(record.transaction, record.seed);
  }
  return [...rows.values()].reverse().slice(0, ROWS_SHOWN);
}

interface AxeResult {
  violations: { impact: string; id: string; nodes: { html: string }[] }[];
}

/** Returns what axe finds, with what it found it in. */
export async function violations(page: Page): Promise<string[]> {
  const source = new URL("../node_modules/axe-core/axe.min.js", import.meta.url);
  // As one would type it into the console, which the page's policy does not forbid.
  await page.evaluate(readFileSync(source, "utf8"));
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: () => Promise<AxeResult> } };
    const { violations } = await axe.run();
    return violations.map((it) => `${it.impact} ${it.id}: ${it.nodes.map((n) => n.html).join(" ")}`);
  });
}
