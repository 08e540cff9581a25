/** What the page does when what it watches changes, and for those who use it by keyboard or ear. */
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve, type Served } from "../mock/server.mjs";
import { launch, open, type Options } from "./browser";
import { faults, peers } from "./steps";

const RECORDING = fileURLToPath(new URL("../tests/logs/elect-chain.jsonl", import.meta.url));

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/** Does something on the page of a made-up network, which then has complained of nothing. */
async function watch(
  does: (page: Page, served: Served) => Promise<void>,
  options: Options & { complains?: RegExp } = {},
): Promise<void> {
  const served = await serve({ roundMs: 400 });
  const { page, context, complaints } = await open(browser, served.url, options);
  await does(page, served);
  expect(complaints.filter((it) => !options.complains?.test(it))).toEqual([]);
  await context.close();
  await served.close();
}

const shown = async (page: Page) => Number.parseFloat((await page.locator(".now").textContent()) ?? "");

/** Chooses the first two peers of the ring by keyboard. */
async function chooseTwo(page: Page) {
  await peers(page).first().focus();
  for (const key of ["Space", "ArrowRight", "Space"]) await page.keyboard.press(key);
  await expect.poll(() => page.locator('button.peer[aria-pressed="true"]').count()).toBe(2);
}

describe("what is watched", () => {
  it("begins again when another process answers at the same address", () =>
    watch(
      async (page, served) => {
        await expect.poll(() => peers(page).count()).toBe(10);
        served.restart(7);
        await expect.poll(() => peers(page).count()).toBe(7);
        await page.locator("#view-ledger .card").first().waitFor();
        await expect.poll(() => page.locator(".source").textContent()).toBe("live");
      },
      // The connection that has ended.
      { complains: /ERR_/ },
    ));

  it("is nothing where the server has no feed, and no token is asked for", () =>
    watch(
      async (page) => {
        await page.route("**/v1/events*", (route) => route.fulfill({ status: 404, json: {} }));
        await page.reload();
        await page.getByRole("heading", { name: "Nothing to watch yet" }).waitFor();
        expect(await page.getByLabel("Token").count()).toBe(0);
      },
      { complains: /404/ },
    ));

  it("is not touched by what is done to a recording", () =>
    watch(async (page) => {
      await expect.poll(() => peers(page).count()).toBe(10);
      const acted: string[] = [];
      page.on("request", (request) => {
        if (request.method() === "POST") acted.push(request.url());
      });
      await chooseTwo(page);
      await page.setInputFiles("input[type=file]", RECORDING);
      await page.locator(".source", { hasText: "elect-chain.jsonl" }).waitFor();
      expect(await page.locator('button.peer[aria-pressed="true"]').count()).toBe(0);
      await chooseTwo(page);
      await page.keyboard.press("p");
      await page.getByRole("button", { name: "Back to live" }).click();
      await page.locator("#view-plug").waitFor();
      expect(acted).toEqual([]);
      expect(await faults(page).count()).toBe(0);
      // And with the live network again, the same keys cut it in two.
      await chooseTwo(page);
      await page.keyboard.press("p");
      await faults(page).waitFor();
      expect(acted).toHaveLength(1);
    }));

  it("knows another fault that takes the place of one", () =>
    watch(async (page, served) => {
      await expect.poll(() => peers(page).count()).toBe(10);
      served.act({ action: "lose", peer: null, share: 0.3 });
      await expect.poll(() => faults(page).allTextContents()).toEqual([expect.stringContaining("lose")]);
      // Both are told in one picture, so that there is one fault before and after.
      served.undo(1);
      served.act({ action: "delay", peer: null, ms: 400 });
      await expect.poll(() => faults(page).allTextContents()).toEqual([expect.stringContaining("delay")]);
      served.act({ action: "pause" });
      await page.getByRole("button", { name: "Go on" }).waitFor();
      await page.locator(".facts", { hasText: "time is paused" }).waitFor();
    }));
});

describe("all who use it", () => {
  it("single keys act anywhere until they are switched off, which is remembered", () =>
    watch(async (page) => {
      const isLive = () => page.getByRole("button", { name: "Live" }).getAttribute("aria-pressed");
      const focus = () => page.locator("main").click({ position: { x: 2, y: 2 } });
      await expect.poll(() => peers(page).count()).toBe(10);
      await focus();
      await page.keyboard.press("k");
      await expect.poll(isLive).toBe("false");
      await page.keyboard.press("l");
      await expect.poll(isLive).toBe("true");
      await page.getByRole("button", { name: "Keys" }).click();
      await page.getByLabel("Single keys act").uncheck();
      await page.reload();
      await expect.poll(() => peers(page).count()).toBe(10);
      await focus();
      await page.keyboard.press("k");
      await page.keyboard.press("?");
      expect(await page.locator(".explain-card").count()).toBe(0);
      expect(await isLive()).toBe("true");
      // The space bar presses a button, as anywhere.
      await page.getByRole("button", { name: "Pause what is shown" }).press("Space");
      await expect.poll(isLive).toBe("false");
      expect(await shown(page)).toBeGreaterThanOrEqual(0);
    }));

  it("what was done is put into an element that was there before", () =>
    watch(async (page) => {
      await expect.poll(() => peers(page).count()).toBe(10);
      const said = page.locator('.notice[role="status"]');
      const element = await said.elementHandle();
      expect(await said.textContent()).toBe("");
      await page.getByRole("button", { name: "Choose the leader" }).click();
      await page.getByRole("button", { name: "Freeze", exact: true }).click();
      const spoken = () => element?.evaluate((it) => (it.isConnected ? it.textContent : "another one"));
      await expect.poll(spoken).toContain("is frozen");
    }));

  it("the tour gives the focus back", () =>
    watch(async (page) => {
      const button = page.getByRole("button", { name: "Tour" });
      await button.click();
      await page.getByRole("dialog").waitFor();
      await page.keyboard.press("Escape");
      await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
      expect(await button.evaluate((it) => it === document.activeElement)).toBe(true);
    }));

  it("the rule behind a line of the log is said when it is asked for, by keyboard as well", () =>
    watch(async (page) => {
      const rule = page.locator("#view-log .rule").first();
      await rule.waitFor();
      // The list moves on while it is live.
      await page.getByRole("button", { name: "Pause what is shown" }).click();
      const line = await rule.elementHandle();
      const name = await line?.textContent();
      await line?.focus();
      await page.keyboard.press("Enter");
      await expect.poll(() => page.locator("#log-rule").textContent()).toMatch(new RegExp(`Rule ${name}.+`));
      await page.keyboard.press("Escape");
      await expect.poll(() => page.locator("#log-rule").isVisible()).toBe(false);
    }));
});
