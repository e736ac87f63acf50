/** A job watched from the waiting line to the finished picture, on a phone and on a desktop, by day and by night. */
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import {
  accessibilityFaults,
  atStep,
  finishedPicture,
  inState,
  isLive,
  photograph,
  SCHEMES,
  SCREENS,
} from "../support/browser.ts";
import { liveScene } from "../support/live-scene.ts";
import { readRecord, startRecord } from "../support/page-record.ts";

const SECRET = "a pelican whose name nobody may learn";
const INPUTS = { prompt: SECRET, negative: SECRET, width: 512, height: 768, steps: 24 };

const scene = liveScene();

const bar = (page: Page) => page.getByRole("progressbar");
const fitsInWidth = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);
const rises = (values: number[]) => values.every((value, at) => at === 0 || value >= (values[at - 1] ?? 0));

const looks = Object.entries(SCREENS).flatMap(([screen, viewport]) =>
  SCHEMES.map((colorScheme) => ({ screen, viewport, colorScheme })),
);

describe.each(looks)("on a $screen, $colorScheme", ({ screen, viewport, colorScheme }) => {
  it("[V11] shows the line, the painting as it sharpens and the finished picture, and nothing moves", async () => {
    const { studio } = scene;
    const name = (state: string) => `live-${state}.${screen}.${colorScheme}`;
    await studio.fillBackend();
    const job = await studio.submit({ workflow: "txt2img", inputs: INPUTS });
    const { page, faults } = await scene.visit(job, { viewport, colorScheme, prepare: startRecord });

    await inState(page, "queued");
    await isLive(page);
    await page.getByText("Next in line").first().waitFor();
    expect(await bar(page).getAttribute("aria-valuenow")).toBeNull();
    expect(await bar(page).getAttribute("aria-valuetext")).toMatch(/^Next in line\. ./);
    expect(await page.title()).toBe("Next in line");
    expect(await accessibilityFaults(page)).toEqual([]);
    await photograph(page, name("queued"));

    await studio.playUntilStep(14);
    await inState(page, "previewing");
    await atStep(page, 14);
    const now = Number(await bar(page).getAttribute("aria-valuenow"));
    expect(now).toBeLessThan(100);
    expect([await bar(page).getAttribute("aria-valuemin"), await bar(page).getAttribute("aria-valuemax")]).toEqual([
      "0",
      "100",
    ]);
    expect(await bar(page).getAttribute("aria-valuetext")).toMatch(/^Painting · 1[4-6] of 24/);
    expect(await page.title()).toMatch(/^\d+% · Painting$/);
    expect(
      await page.getByRole("img", { name: "Unfinished preview" }).evaluate((it: HTMLImageElement) => it.naturalWidth),
    ).toBeGreaterThan(0);
    expect(await accessibilityFaults(page)).toEqual([]);
    await photograph(page, name("running"));

    studio.play();
    expect(await finishedPicture(page)).toMatchObject({ width: 512, height: 768 });
    expect(await page.getByRole("heading").textContent()).toMatch(/^Done in \d/);
    expect(await page.title()).toMatch(/^Done in \d/);
    expect(await bar(page).count()).toBe(0);
    expect(await accessibilityFaults(page)).toEqual([]);
    await photograph(page, name("done"));

    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download" }).click();
    const file = await download;
    const bytes = await readFile(await file.path());
    expect(file.suggestedFilename()).toMatch(/\.png$/);
    expect(bytes.subarray(1, 4).toString("latin1")).toBe("PNG");
    expect(bytes.length).toBeGreaterThan(10_000);
    expect(bytes.includes("pelican")).toBe(false);
    expect(await page.content()).not.toContain("pelican");

    const record = await readRecord(page);
    expect(rises(record.values.filter((value) => value !== null))).toBe(true);
    expect(rises(record.fills), record.fills.join()).toBe(true);
    expect(record.previews.length).toBeGreaterThan(3);
    expect(record.boxes).toHaveLength(1);
    expect(record.shift, record.shifted.join("\n")).toBeLessThanOrEqual(0.02);
    expect(record.notices).toEqual([]);
    expect(await fitsInWidth(page)).toBe(true);
    expect(faults).toEqual([]);
  });
});

it("fills a grid with the pictures of a batch, each with its own download, and nothing moves", async () => {
  const { studio } = scene;
  const job = await studio.submitUntilStep(6, { batch_size: 4 });
  const { page, faults } = await scene.visit(job, { prepare: startRecord });
  await inState(page, "previewing");
  studio.play();
  await inState(page, "succeeded");
  const pictures = page.getByRole("list", { name: "Results" }).getByRole("img");
  await expect.poll(() => pictures.count()).toBe(4);
  await expect
    .poll(() => pictures.evaluateAll((all) => all.every((it) => (it as HTMLImageElement).naturalWidth === 256)))
    .toBe(true);
  expect(await page.getByRole("link", { name: /^Download: Finished picture [1-4] of 4$/ }).count()).toBe(4);
  expect(await accessibilityFaults(page)).toEqual([]);
  await photograph(page, "live-done-batch");
  const record = await readRecord(page);
  expect(record.boxes).toHaveLength(1);
  expect(record.shift, record.shifted.join("\n")).toBeLessThanOrEqual(0.02);
  expect(faults).toEqual([]);
});
