/**
 * A real Chromium at the door of a share link. Each visit notes whatever a viewer should never meet (errors, violations of
 * the page's policy, requests to other hosts, dialogs); a test ends by finding these notes empty.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { must } from "../../src/core/util/assert.ts";

export { launchBrowser } from "../../scripts/local/chromium.ts";

/** The two screens that every page is looked at on. */
export const SCREENS = { phone: { width: 390, height: 844 }, desktop: { width: 1440, height: 900 } } as const;
export const SCHEMES = ["light", "dark"] as const;

/** How long a page may take for anything before a test calls it stuck. */
const STUCK_MS = 25_000;

/** One visitor's page. */
export type Visit = {
  page: Page;
  /** What went wrong so far, in words. */
  faults: string[];
  /** HTTP status of the page. */
  status: number;
};

export type VisitOptions = BrowserContextOptions & {
  /** Messages of the browser's console that the test provokes. */
  expected?: RegExp;
  /** Readies the page before it goes anywhere. */
  prepare?: (page: Page) => Promise<unknown>;
};

/** Opens `url` as a new visitor, with nothing kept from others. `options` are those of a browser context. */
export async function visit(browser: Browser, url: string, options: VisitOptions = {}): Promise<Visit> {
  const { expected, prepare, ...contextOptions } = options;
  const context = await browser.newContext({ viewport: SCREENS.phone, ...contextOptions });
  context.setDefaultTimeout(STUCK_MS);
  const page = await context.newPage();
  const faults: string[] = [];
  const note = (fault: string) => {
    if (!expected?.test(fault)) faults.push(fault);
  };
  const { host } = new URL(url);
  const seen = (requested: string) => {
    if (!/^(?:data|blob):/.test(requested) && new URL(requested).host !== host) faults.push(`asked ${requested}`);
  };
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") note(message.text());
  });
  page.on("pageerror", (error) => note(String(error)));
  page.on("crash", () => note("the page crashed"));
  page.on("dialog", (dialog) => {
    note(`a dialog said ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => seen(request.url()));
  page.on("websocket", (socket) => seen(socket.url()));
  await prepare?.(page);
  const response = await page.goto(url);
  return { page, faults, status: response?.status() ?? 0 };
}

/** Waits until the page is in this state (a `ViewName` of src/page/view.ts). */
export const inState = (page: Page, ...names: string[]) =>
  page.waitForSelector(names.map((name) => `main[data-state="${name}"]`).join());

/** Waits until the page hears of the job by a live connection, whatever its kind. */
export const isLive = (page: Page) => page.locator(".pulse.live").waitFor();

/** Waits until the page says that this step of the run, or a later one, is done. */
export const atStep = (page: Page, step: number) =>
  page.waitForFunction((wanted) => {
    const [, done] = /(\d+) of \d+/.exec(document.querySelector(".facts")?.textContent ?? "") ?? [];
    return Number(done) >= wanted;
  }, step);

/** Waits until the finished picture is on the screen, and gives its natural size. */
export async function finishedPicture(page: Page): Promise<{ width: number; height: number; src: string }> {
  await inState(page, "succeeded");
  const handle = await page.waitForFunction(() => {
    const image = document.querySelector<HTMLImageElement>("img.work");
    return image?.complete && image.naturalWidth > 0
      ? { width: image.naturalWidth, height: image.naturalHeight, src: image.src }
      : null;
  });
  return must(await handle.jsonValue(), "a picture");
}

/** A fingerprint of the finished picture's pixels as the browser has decoded them. */
export const pixelsOf = (page: Page): Promise<string> =>
  page.locator("img.work").evaluate(async (image: HTMLImageElement) => {
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext("2d");
    context?.drawImage(image, 0, 0);
    const pixels = context?.getImageData(0, 0, canvas.width, canvas.height).data;
    const digest = await crypto.subtle.digest("SHA-256", pixels ?? new Uint8Array());
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  });

/** Saves what the page looks like now under test-results/, for people to look at. */
export async function photograph(page: Page, name: string): Promise<void> {
  mkdirSync("test-results", { recursive: true });
  await page.screenshot({ path: `test-results/${name}.png`, animations: "disabled" });
}

/** What has the focus: its name, and whether one sees that. Null when it is nothing on the page. */
export const visibleFocus = (page: Page): Promise<{ name: string; visible: boolean } | null> =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const { top, bottom } = element.getBoundingClientRect();
    const name = element.getAttribute("aria-label") ?? element.querySelector("img")?.alt ?? element.textContent ?? "";
    const onScreen = top >= 0 && bottom <= innerHeight;
    return { name, visible: onScreen && outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2 };
  });

/** Makes the page believe that its tab is in the background, or in front again: headless tabs are always in front. */
export const setHidden = (page: Page, hidden: boolean): Promise<void> =>
  page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);

/** Blocks the better ways to follow a job, as some networks do, so that the page comes to this one. */
export async function onlyTransport(page: Page, transport: "websocket" | "sse" | "poll"): Promise<void> {
  if (transport === "websocket") return;
  await page.addInitScript(() => {
    // Pauses between tries have full jitter; here it is short each time.
    Math.random = () => 0.05;
    const blocked = () => {
      const socket = Object.assign(new EventTarget(), { readyState: 3, send() {}, close() {} });
      setTimeout(() => socket.dispatchEvent(new CloseEvent("close", { code: 1006 })));
      return socket;
    };
    globalThis.WebSocket = new Proxy(WebSocket, { construct: blocked });
  });
  if (transport === "poll") await page.route(/\/events\b/, (route) => route.abort());
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What the accessibility checker finds on the page as it is now: one line per finding. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // Contrast is of the finished look, so nothing may be fading while it is measured.
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((animation) => animation.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY)
        .map((animation) => animation.finished.catch(() => null)),
    ),
  );
  await page.evaluate(`${axeSource}; undefined`);
  return page.evaluate(async () => {
    type Finding = { id: string; help: string; nodes: { html: string }[] };
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } };
    const { violations } = await axe.run();
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(" ")}`);
  });
}
