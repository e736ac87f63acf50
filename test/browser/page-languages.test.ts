/**
 * The live page in ten languages: what it says on the way from the line to the picture, and that it has room for the words of
 * each language in each of its states.
 */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { pageSamples } from "../../scripts/page-samples.ts";
import { PAGE_NAMES, type PageServer, servePages } from "../../scripts/page-server.ts";
import type { PublicJob } from "../../src/contract/job.ts";
import { must } from "../../src/core/util/assert.ts";
import { MESSAGES } from "../../src/core/words/all-messages.ts";
import { LANGUAGES, type Lang } from "../../src/core/words/languages.ts";
import { SENTENCES } from "../../src/page/words/all-sentences.ts";
import {
  accessibilityFaults,
  finishedPicture,
  inState,
  isLive,
  launchBrowser,
  photograph,
  SCHEMES,
  SCREENS,
} from "../support/browser.ts";
import { liveScene } from "../support/live-scene.ts";
import { layoutFaults } from "../support/page-layout.ts";
import { readRecord, startRecord } from "../support/page-record.ts";

/** More than nothing: the browser's own player arranges its controls when a sound turns out to be none. */
const MAX_SHIFT = 0.005;

const headline = (page: Page) => page.getByRole("heading");
const spokenBy = (page: Page) => page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]);

describe("a job that is followed", () => {
  const scene = liveScene();

  it.each([
    ["ar-EG", "ar", "rtl"],
    ["de-AT", "de", "ltr"],
  ] as const)("[S6] speaks to a browser in %s from the line to the picture", async (locale, lang, dir) => {
    const { studio } = scene;
    await studio.fillBackend();
    const job = await studio.submit({ workflow: "txt2img", inputs: { prompt: "a lake", width: 256, height: 256 } });
    const { page, faults } = await scene.visit(job, { locale });
    const { phases, namedPlaces, live, download, onePicture } = SENTENCES[lang];
    await inState(page, "queued");
    await isLive(page);
    expect(await spokenBy(page)).toEqual([lang, dir]);
    await headline(page).getByText(namedPlaces[0], { exact: true }).waitFor();
    expect(await page.locator(".pulse").textContent()).toContain(live);
    expect(await accessibilityFaults(page)).toEqual([]);

    await studio.playUntilStep(8);
    await inState(page, "previewing");
    await headline(page).getByText(phases.sampling, { exact: true }).waitFor();
    expect(await page.getByRole("progressbar").getAttribute("aria-valuetext")).toContain(phases.sampling);
    expect(await page.title()).toContain(phases.sampling);
    const [bar, fill] = [page.locator(".bar"), page.locator(".bar .fill")];
    const [all, done] = [must(await bar.boundingBox(), "a bar"), must(await fill.boundingBox(), "a fill")];
    const gap = { ltr: done.x - all.x, rtl: all.x + all.width - (done.x + done.width) }[dir];
    expect(Math.abs(gap)).toBeLessThan(1);
    expect(done.width).toBeLessThan(all.width - 1);
    expect(await accessibilityFaults(page)).toEqual([]);

    studio.play();
    await finishedPicture(page);
    expect(await page.getByRole("link", { name: download }).count()).toBe(1);
    expect(await page.getByRole("img", { name: onePicture }).count()).toBe(1);
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  it("[S6] is told to have failed in the reader's language, though the stream speaks English", async () => {
    const { studio } = scene;
    studio.comfy.fake.fault({ type: "nodeError", nodeId: "8", message: "no", exceptionType: "no" });
    const job = await studio.submitUntilStep(8);
    const { page, faults } = await scene.visit(job, { locale: "fr" });
    await inState(page, "previewing");
    await isLive(page);
    studio.play();
    await inState(page, "failed");
    expect(await headline(page).textContent()).toBe(MESSAGES.fr.failures.node_failed);
    expect(await page.getByRole("alert").textContent()).toBe(MESSAGES.fr.failures.node_failed);
    expect(faults).toEqual([]);
  });

  it("[V11] is in the reader's language without script", async () => {
    const job = await scene.studio.submitUntilStep(8);
    const { page, faults } = await scene.visit(job, { locale: "hi", javaScriptEnabled: false });
    expect(await headline(page).textContent()).toBe(SENTENCES.hi.phases.sampling);
    expect(faults).toEqual([]);
  });

  it("[S6] is in the language that the address asks for, else in the browser's, else in English", async () => {
    const job = await scene.studio.submitUntilStep(2);
    const cases: [query: string, accepted: string, lang: Lang][] = [
      ["?lang=ja", "de", "ja"],
      ["?lang=pt-PT", "de", "pt-BR"],
      ["?lang=tlh", "de", "de"],
      ["?lang=%3Cscript%3E", "zh-CN,en;q=0.5", "zh-Hans"],
      ["", "tlh, ko;q=0.8, en;q=0.9", "en"],
      ["", "tlh", "en"],
    ];
    for (const [query, accepted, lang] of cases) {
      const answer = await fetch(job.link + query, { headers: { "accept-language": accepted } });
      expect(answer.headers.get("content-language"), query).toBe(lang);
      expect(answer.headers.get("vary")).toMatch(/accept-language/i);
      expect(await answer.text()).toContain(`<html lang="${lang}"`);
    }
  });

  it("[S6] has its state told in the language too, which is another text with another tag", async () => {
    const job = await scene.studio.submitUntilStep(2);
    const ask = (headers: Record<string, string>) => fetch(`${job.link}/state`, { headers });
    const told = await ask({ "accept-language": "es" });
    expect(told.headers.get("content-language")).toBe("es");
    expect(((await told.json()) as PublicJob).headline).toContain(MESSAGES.es.phases.sampling);
    const tag = told.headers.get("etag") ?? "";
    expect((await ask({ "accept-language": "es", "if-none-match": tag })).status).toBe(304);
    expect((await ask({ "accept-language": "ko", "if-none-match": tag })).status).toBe(200);
    const refused = await fetch(new URL("/s/nobody/state", job.link), { headers: { "accept-language": "es" } });
    expect(((await refused.json()) as { user_message: string }).user_message).toBe(MESSAGES.es.problems.gone);
  });

  it("[S6] is closed in the reader's language", async () => {
    const job = await scene.studio.submitUntilStep(2);
    const { page } = await scene.visit(job, { locale: "ar", expected: /WebSocket|status of 410/ });
    await isLive(page);
    await scene.studio.revoke(job);
    await headline(page).getByText(SENTENCES.ar.closed.revoked.headline).waitFor();
    await page.reload();
    expect(await headline(page).textContent()).toBe(SENTENCES.ar.closed.revoked.headline);
    expect(await spokenBy(page)).toEqual(["ar", "rtl"]);
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});

describe("what a viewer loads", () => {
  const asset = (name: string) => readFileSync(new URL(`../../dist/public/assets/${name}`, import.meta.url));

  it("[V11] carries one language, and is at most 25 kB gzipped with the words of any of them", () => {
    const script = asset("live.js").toString();
    const sizeOf = (lang: Lang) =>
      gzipSync(JSON.stringify({ ...SENTENCES[lang], failures: MESSAGES[lang].failures })).length;
    const words = Math.max(...LANGUAGES.map(sizeOf));
    expect(gzipSync(script).length + gzipSync(asset("live.css")).length + words).toBeLessThanOrEqual(25_000);
    for (const lang of LANGUAGES) expect(script).not.toContain(SENTENCES[lang].cardLive);
  });
});

describe("each state of the page", () => {
  let server: PageServer;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([servePages(), launchBrowser()]);
  });
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
  afterAll(async () => {
    await browser.close();
    server.close();
  });

  /** Opens a sample page and waits until it shows what its state is about. */
  async function settle(page: Page, name: string, lang: Lang): Promise<void> {
    const sample = pageSamples.find((it) => it.name === name);
    await page.goto(`${server.baseUrl}/s/${name}?lang=${lang}`);
    if (!sample || sample.job.terminal) return;
    if (sample.offline) {
      await isLive(page);
      await page.context().setOffline(true);
      await page.locator(".notice.up").waitFor();
      await page.context().setOffline(false);
    } else if (sample.link === "dropped") {
      await page.clock.fastForward(5_000);
      await page.locator(".notice.up").waitFor();
    } else if (sample.link === "revoked") await page.locator(".closed").waitFor();
    else if (sample.link === "silent") await page.locator(".pulse.waiting").waitFor();
    else await isLive(page);
    if (sample.events.length > 0) await inState(page, "arriving");
    else if (sample.previews.length > 0) await inState(page, "previewing");
  }

  async function open(name: string, lang: Lang, colorScheme: "light" | "dark" = "light"): Promise<Page> {
    const sample = pageSamples.find((it) => it.name === name);
    const context = await browser.newContext({ viewport: SCREENS.phone, colorScheme });
    const page = await context.newPage();
    if (sample?.link === "dropped") await page.clock.install();
    await startRecord(page);
    await settle(page, name, lang);
    server.restore(name);
    return page;
  }

  it.each(LANGUAGES)("[V11] has room for the words of %s, on every screen, and nothing moves", async (lang) => {
    for (const name of PAGE_NAMES) {
      const page = await open(name, lang);
      const { shift, shifted } = await readRecord(page);
      expect(shift, `${name}: ${shifted.join("\n")}`).toBeLessThanOrEqual(MAX_SHIFT);
      for (const viewport of [SCREENS.phone, { width: 320, height: 640 }, SCREENS.desktop]) {
        await page.setViewportSize(viewport);
        expect(await layoutFaults(page), `${name} in ${lang}, ${viewport.width} wide`).toEqual([]);
      }
      await page.context().close();
    }
  });

  it.each(["ar", "de"] as const)("[V11] passes the accessibility checker in %s", async (lang) => {
    for (const name of PAGE_NAMES) {
      const page = await open(name, lang);
      expect(await accessibilityFaults(page), name).toEqual([]);
      await page.context().close();
    }
  });

  it.each(["ar", "ja"] as const)(
    "[V11] can be looked at in %s, on a phone and a desktop, by day and by night",
    async (lang) => {
      for (const name of ["queued", "previewing", "succeeded-four", "reconnecting"]) {
        for (const scheme of SCHEMES) {
          const page = await open(name, lang, scheme);
          for (const [screen, viewport] of Object.entries(SCREENS)) {
            await page.setViewportSize(viewport);
            await photograph(page, `${lang}-${name}.${screen}.${scheme}`);
            expect(await layoutFaults(page), `${name} in ${lang}`).toEqual([]);
          }
          await page.context().close();
        }
      }
    },
  );
});
