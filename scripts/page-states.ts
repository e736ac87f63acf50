/**
 * Writes the live page in each of its states as HTML and as screenshots (phone and desktop, light and dark), so that
 * people can look at what a change does.
 *   node scripts/page-states.ts [folder] [name… | language…]     default folder: test-results/page, in English;
 *   names: only these states; languages: in each of these
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { LANGUAGES } from "../src/core/words/languages.ts";
import { launchBrowser } from "./local/chromium.ts";
import { type PageSample, pageSamples } from "./page-samples.ts";
import { PAGE_NAMES, servePages } from "./page-server.ts";

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1440, height: 900 } };
const SCHEMES = ["light", "dark"] as const;
/** Runs in the page: how much has moved since it began to load. */
const LAYOUT_SHIFT = `new Promise((resolve) => {
  let sum = 0;
  const add = (list) => list.getEntries().forEach((entry) => { sum += entry.value; });
  new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 100);
})`;

/** A page to look at: `file` is what its pictures are named after. */
type Look = { url: string; file: string; sample: PageSample | null };

async function shoot(browser: Browser, { url, file, sample }: Look): Promise<void> {
  for (const [sizeName, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of SCHEMES) {
      const javaScriptEnabled = !sample?.withoutScript;
      const context = await browser.newContext({ viewport, colorScheme, javaScriptEnabled });
      const page = await context.newPage();
      const faults: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error" && !/WebSocket|503|ERR_/.test(message.text())) faults.push(message.text());
      });
      page.on("pageerror", (error) => faults.push(String(error)));
      await page.goto(url, { waitUntil: sample?.withoutScript ? "load" : "networkidle" });
      if (sample?.offline) await context.setOffline(true);
      await page.waitForTimeout(sample?.link === "dropped" ? 6_000 : 1_200);
      if (javaScriptEnabled) {
        const shift = await page.evaluate<number>(LAYOUT_SHIFT);
        if (shift > 0.001) faults.push(`things moved on the page: layout shift ${shift.toFixed(3)}`);
      }
      await page.screenshot({ path: `${file}.${sizeName}.${colorScheme}.png` });
      for (const fault of faults) console.log(`${file} (${sizeName}, ${colorScheme}): ${fault}`);
      await context.close();
    }
  }
}

async function main([folder = "test-results/page", ...only]: string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const langs = LANGUAGES.filter((lang) => only.includes(lang));
  const names = PAGE_NAMES.filter((name) => only.includes(name));
  const [server, browser] = await Promise.all([servePages(), launchBrowser()]);
  try {
    for (const lang of langs.length > 0 ? langs : (["en"] as const)) {
      for (const name of names.length > 0 ? names : PAGE_NAMES) {
        const sample = pageSamples.find((it) => it.name === name) ?? null;
        const file = join(folder, lang === "en" ? name : `${name}.${lang}`);
        const url = `${server.baseUrl}/s/${name}?lang=${lang}`;
        await writeFile(`${file}.html`, await (await fetch(url)).text());
        await shoot(browser, { url, file, sample });
        server.restore(name);
        console.log(`${name} ${lang}`);
      }
    }
  } finally {
    await browser.close();
    server.close();
  }
}

await main(process.argv.slice(2));
