/** The live page where no script runs: it is whole, and it renews itself until there is nothing more to wait for. */
import { expect, it } from "vitest";
import { inState, photograph } from "../support/browser.ts";
import { liveScene } from "../support/live-scene.ts";

const scene = liveScene();

it("[V11] shows a running job without script and comes to the finished picture by itself", async () => {
  const { studio } = scene;
  const job = await studio.submitUntilStep(8);
  const { page, faults } = await scene.visit(job, { javaScriptEnabled: false });
  await inState(page, "previewing");
  const picture = () => page.locator("img.frame, img.work").last();
  const naturalWidth = () => picture().evaluate((it: HTMLImageElement) => it.naturalWidth);
  expect(await page.getByRole("heading").textContent()).toBe("Painting");
  expect(Number(await page.getByRole("progressbar").getAttribute("aria-valuenow"))).toBeGreaterThan(20);
  expect(await page.locator("meta[http-equiv=refresh]").getAttribute("content")).toBe("5");
  expect(await naturalWidth()).toBeGreaterThan(0);
  // What only a script could do is not offered.
  expect(await page.getByRole("button").count()).toBe(0);
  await photograph(page, "no-script-running");

  studio.play();
  await studio.ended(job);
  await inState(page, "succeeded");
  expect(await page.getByRole("heading").textContent()).toMatch(/^Done in \d/);
  await expect.poll(naturalWidth).toBe(256);
  expect(await page.locator("meta[http-equiv=refresh]").count()).toBe(0);
  expect(await page.getByRole("link", { name: "Download" }).getAttribute("href")).toMatch(/\?download$/);
  await photograph(page, "no-script-done");
  expect(faults).toEqual([]);
});
