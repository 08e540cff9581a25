/** A real Chromium with the page in it, and what it complains of. */
import type { Browser, BrowserContext, Page } from "playwright-core";

export { launch } from "./chromium.mjs";

/** How long anything may take that is awaited, on a machine that does other things as well. */
const PATIENCE_MS = 60_000;

export interface Opened {
  page: Page;
  context: BrowserContext;
  /** Errors of the page and its console, and requests that went elsewhere. */
  complaints: string[];
}

export interface Options {
  width?: number;
  height?: number;
  theme?: "light" | "dark";
  hash?: string;
}

/** Opens the page in a window of its own. */
export async function open(browser: Browser, url: string, options: Options = {}): Promise<Opened> {
  const { width = 1440, height = 1000, theme = "light", hash = "" } = options;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`${error.message} ${error.stack}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("request", (request) => {
    const { protocol, host } = new URL(request.url());
    const isOurs = host === new URL(url).host || ["data:", "blob:"].includes(protocol);
    if (!isOurs) complaints.push(`a request to ${request.url()}`);
  });
  await page.goto(url + hash);
  return { page, context, complaints };
}
