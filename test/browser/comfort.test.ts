/** The live page for people who use no mouse, or who want nothing to move. */
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { atStep, finishedPicture, inState, visibleFocus } from "../support/browser.ts";
import { liveScene } from "../support/live-scene.ts";

const scene = liveScene();

/** Presses Tab through the whole page: the names of the stops, and whether each showed where it was. */
async function tabThrough(page: Page): Promise<{ name: string; visible: boolean }[]> {
  const stops: { name: string; visible: boolean }[] = [];
  for (let stop = 0; stop < 20; stop++) {
    await page.keyboard.press("Tab");
    const found = await visibleFocus(page);
    if (found === null) return stops;
    stops.push(found);
  }
  throw new Error(`The page holds the focus: ${stops.map(({ name }) => name).join(", ")}`);
}

it("[V11] is used by keyboard alone: every control is reached in order, seen, and does its work", async () => {
  const { studio } = scene;
  const job = await studio.submitUntilStep(8);
  const { page, faults } = await scene.visit(job);
  await inState(page, "previewing");
  expect(await tabThrough(page)).toEqual([
    { name: "Share", visible: true },
    { name: "Live preview", visible: true },
  ]);
  const toggle = page.getByRole("button", { name: "Live preview" });
  await toggle.focus();
  await page.keyboard.press("Space");
  expect(await toggle.getAttribute("aria-pressed")).toBe("false");
  await page.keyboard.press("Space");
  expect(await toggle.getAttribute("aria-pressed")).toBe("true");

  studio.play();
  await finishedPicture(page);
  await page.mouse.click(1, 1);
  expect(await tabThrough(page)).toEqual([
    { name: "Finished picture", visible: true },
    { name: "Download", visible: true },
    { name: "Open", visible: true },
    { name: "Share", visible: true },
  ]);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download" }).focus();
  await page.keyboard.press("Enter");
  expect((await download).suggestedFilename()).toMatch(/\.png$/);
  expect(faults).toEqual([]);
});

it("keeps the focus where it is when the job ends", async () => {
  const { studio } = scene;
  const job = await studio.submitUntilStep(8);
  const { page } = await scene.visit(job);
  const share = page.getByRole("button", { name: "Share" });
  await share.focus();
  studio.play();
  await finishedPicture(page);
  expect((await visibleFocus(page))?.name).toBe("Share");
});

it("moves nothing under reduced motion, and still shows each preview and the picture", async () => {
  const { studio } = scene;
  await studio.fillBackend();
  const job = await studio.submit({ workflow: "txt2img", inputs: { prompt: "a lake", width: 256, height: 256 } });
  const { page, faults } = await scene.visit(job, { reducedMotion: "reduce" });
  const animations = () => page.evaluate(() => document.getAnimations().length);
  await inState(page, "queued");
  expect(await animations()).toBe(0);
  await studio.playUntilStep(8);
  await atStep(page, 8);
  await inState(page, "previewing");
  expect(await animations()).toBe(0);
  studio.play();
  await finishedPicture(page);
  expect(await animations()).toBe(0);
  expect(await page.locator("img.work").evaluate((it) => getComputedStyle(it).opacity)).toBe("1");
  expect(faults).toEqual([]);
});
