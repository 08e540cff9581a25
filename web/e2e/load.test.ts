/** What the page is made of, and how it bears a busy network. */
import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { serve } from "../mock/server.mjs";
import { launch, open } from "./browser";

const DIST = new URL("../dist/", import.meta.url);

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

it("nothing is inline, and nothing comes from elsewhere", () => {
  const html = readFileSync(new URL("index.html", DIST), "utf8");
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?:/);
});

it("keeps up with ten peers at fifty rounds a second, and with a hundred peers", async () => {
  for (const [peers, roundMs] of [
    [10, 20],
    [100, 400],
  ] as const) {
    const server = await serve({ peers, roundMs });
    const { page, context, complaints } = await open(browser, server.url);
    await expect.poll(() => page.locator("button.peer").count()).toBe(peers);
    const rows = async () => {
      const text = await page.locator("#view-ledger header > .quiet").allTextContents();
      return Number(text[0]?.replaceAll(",", "").match(/\d+/)?.[0] ?? 0);
    };
    const before = await rows();
    // It still answers while it is busy, and shows what comes.
    await page.getByRole("button", { name: "Pause what is shown" }).click();
    await page.getByRole("button", { name: "Live" }).click();
    await expect.poll(rows).toBeGreaterThan(before + 3);
    expect(await page.locator(".facts").textContent()).not.toContain("missed");
    expect(complaints).toEqual([]);
    await context.close();
    await server.close();
  }
});

it("asks for a token where the server does, and opens with it", async () => {
  const server = await serve({ token: "alt_secret" });
  const { page, context } = await open(browser, server.url);
  await page.getByLabel("Token").fill("alt_wrong");
  await page.getByRole("button", { name: "Open", exact: true }).last().click();
  await page.getByLabel("Token").fill("alt_secret");
  await page.getByRole("button", { name: "Open", exact: true }).last().click();
  await expect.poll(() => page.locator("button.peer").count()).toBe(10);
  await context.close();
  await server.close();
});
