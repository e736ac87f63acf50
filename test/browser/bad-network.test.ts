/** The live page on networks that break: whatever happened on the way, it ends as a page that nothing happened to. */
import type { Page, WebSocketRoute } from "playwright-core";
import { describe, expect, it } from "vitest";
import { atStep, finishedPicture, isLive, onlyTransport, photograph, pixelsOf } from "../support/browser.ts";
import { liveScene } from "../support/live-scene.ts";
import { readRecord, startRecord } from "../support/page-record.ts";

const scene = liveScene();

/** Runs the page's sockets through the test. The returned function cuts those that are open, from outside. */
async function cuttable(page: Page): Promise<() => Promise<void>> {
  const open: WebSocketRoute[] = [];
  await page.routeWebSocket(/\/events\b/, (socket) => {
    socket.connectToServer();
    open.push(socket);
  });
  return async () => {
    for (const socket of open.splice(0)) await socket.close({ code: 3999 });
  };
}

const said = (page: Page) => page.locator(".label").textContent();

describe("a page that was offline", () => {
  it("keeps the last picture, says so, and ends exactly as one that was not", async () => {
    const { studio } = scene;
    const job = await studio.submitUntilStep(8);
    const steady = await scene.visit(job);
    let cut = async () => {};
    const shaken = await scene.visit(job, {
      expected: /ERR_INTERNET_DISCONNECTED|WebSocket/,
      prepare: async (page) => {
        cut = await cuttable(page);
      },
    });
    await Promise.all([atStep(steady.page, 8), atStep(shaken.page, 8)]);
    await isLive(shaken.page);

    await shaken.page.context().setOffline(true);
    await cut();
    await shaken.page.locator(".notice.up", { hasText: "You are offline" }).waitFor();
    await photograph(shaken.page, "offline");
    studio.play();
    const { src } = await finishedPicture(steady.page);
    expect(await shaken.page.locator("main").getAttribute("data-state")).toBe("previewing");
    expect(
      await shaken.page
        .locator("img.frame")
        .last()
        .evaluate((it: HTMLImageElement) => it.naturalWidth),
    ).toBeGreaterThan(0);

    await shaken.page.context().setOffline(false);
    expect((await finishedPicture(shaken.page)).src).toBe(src);
    expect(await said(shaken.page)).toBe(await said(steady.page));
    expect(await pixelsOf(shaken.page)).toBe(await pixelsOf(steady.page));
    await photograph(shaken.page, "offline-done");
    await photograph(steady.page, "never-offline-done");
    expect(await shaken.page.locator(".notice.up").count()).toBe(0);
    expect([...steady.faults, ...shaken.faults]).toEqual([]);
  });
});

it("takes a dropped socket up again without a word, and the bar never goes back", async () => {
  const { studio } = scene;
  const job = await studio.submitUntilStep(8);
  let cut = async () => {};
  const { page, faults } = await scene.visit(job, {
    prepare: async (it) => {
      await startRecord(it);
      cut = await cuttable(it);
    },
  });
  await isLive(page);
  await cut();
  await studio.playUntilStep(14);
  await atStep(page, 14);
  await isLive(page);
  studio.play();
  await finishedPicture(page);
  const { notices, values } = await readRecord(page);
  const numbers = values.filter((value) => value !== null);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  expect(notices).toEqual([]);
  expect(faults).toEqual([]);
});

describe("where a network blocks", () => {
  it.each([
    ["WebSockets", "sse", /\/events\?.*previews=url/],
    ["WebSockets and event streams", "poll", /\/state$/],
  ] as const)("%s, the page follows by the next transport to the same end", async (_what, transport, used) => {
    const { studio } = scene;
    const job = await studio.submitUntilStep(8);
    const requests: string[] = [];
    const { page, faults } = await scene.visit(job, {
      expected: /ERR_FAILED/,
      prepare: async (it) => {
        await startRecord(it);
        await onlyTransport(it, transport);
        it.on("request", (request) => requests.push(request.url()));
      },
    });
    await isLive(page);
    expect(
      requests.filter((url) => used.test(url)),
      requests.join("\n"),
    ).not.toEqual([]);
    await studio.playUntilStep(14);
    await atStep(page, 14);
    studio.play();
    await finishedPicture(page);
    expect(await page.getByRole("heading").textContent()).toMatch(/^Done in \d/);
    const { previews } = await readRecord(page);
    expect(previews.filter((src) => src.includes("/preview?rev=")).length).toBeGreaterThan(1);
    expect(faults).toEqual([]);
  });
});
