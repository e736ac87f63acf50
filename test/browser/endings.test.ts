/** Endings that are not a picture, and words of strangers: the page stays plain, calm and closed to both. */
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import txt2img from "../../workflows/txt2img/graph.json" with { type: "json" };
import { accessibilityFaults, finishedPicture, inState, photograph } from "../support/browser.ts";
import { liveScene } from "../support/live-scene.ts";

const scene = liveScene();

const MARK = "pelican-7319";
/** Each would run, load or break out where a page takes words for markup. */
const HOSTILE = [
  `<img src=x onerror="alert('${MARK}')">`,
  `</script><script>alert('${MARK}')</script>`,
  `"><svg onload=alert('${MARK}')>`,
  `\u2028${MARK}\u0000\u202e`,
].join(" ");

/** Everything that the page holds or shows, and all that the link's state says. */
async function everything(page: Page): Promise<string> {
  const state = await page.evaluate(async () => (await fetch(`${location.pathname}/state`)).text());
  return [await page.content(), await page.title(), await page.locator("body").textContent(), state].join("\n");
}

it("says in plain words that a job failed, and nothing of what the machine said", async () => {
  const { studio } = scene;
  studio.comfy.fake.fault({ type: "nodeError", nodeId: "8", message: HOSTILE, exceptionType: `<b>${MARK}</b>` });
  const job = await studio.submitUntilStep(8);
  const { page, faults } = await scene.visit(job);
  await inState(page, "previewing");
  studio.play();
  await inState(page, "failed");
  const headline = await page.getByRole("heading").textContent();
  expect(headline).toBe((await studio.ended(job)).error?.user_message);
  expect(await page.getByRole("alert").textContent()).toBe(headline);
  expect(await page.getByRole("progressbar").count()).toBe(0);
  expect(await page.getByRole("link", { name: "Download" }).count()).toBe(0);
  expect(await everything(page)).not.toContain(MARK);
  expect(await accessibilityFaults(page)).toEqual([]);
  await photograph(page, "failed");
  expect(faults).toEqual([]);
});

it("says that the creator stopped the job", async () => {
  const { studio } = scene;
  const job = await studio.submitUntilStep(8);
  const { page, faults } = await scene.visit(job);
  await inState(page, "previewing");
  await studio.cancel(job);
  await page.getByRole("heading", { name: "Stopping" }).waitFor();
  studio.play();
  await inState(page, "canceled");
  expect(await page.getByRole("heading").textContent()).toBe("Stopped by the creator");
  expect(await page.title()).toBe("Stopped by the creator");
  expect(await accessibilityFaults(page)).toEqual([]);
  await photograph(page, "canceled");
  expect(faults).toEqual([]);
});

describe("hostile words", () => {
  it("in prompt, titles, metadata and the link's label neither run nor appear", async () => {
    const { studio } = scene;
    const graph = structuredClone(txt2img) as Record<
      string,
      { inputs: Record<string, unknown>; _meta: { title: string } }
    >;
    for (const node of Object.values(graph)) node._meta.title = HOSTILE;
    for (const id of ["6", "7"]) Object.assign(graph[id]?.inputs ?? {}, { text: HOSTILE });
    Object.assign(graph["9"]?.inputs ?? {}, { filename_prefix: `x${MARK}` });
    const label = HOSTILE.slice(0, 80);
    studio.pause();
    const job = await studio.submit({ graph, metadata: { note: HOSTILE.slice(0, 500) } }, { label });
    await studio.playUntilStep(8);
    const { page, faults } = await scene.visit(job);
    await inState(page, "previewing");
    expect(await everything(page)).not.toContain(MARK);
    studio.play();
    const { src } = await finishedPicture(page);
    expect(await everything(page)).not.toContain(MARK);
    expect(Buffer.from(await studio.client.bytes(src)).includes(MARK)).toBe(false);
    expect(faults).toEqual([]);
  });

  it("in a text result are shown as the text they are", async () => {
    const { studio } = scene;
    const text = HOSTILE.replace("\u0000", "");
    const graph = {
      1: { class_type: "PrimitiveStringMultiline", inputs: { value: text } },
      2: { class_type: "PreviewAny", inputs: { source: ["1", 0] } },
    };
    const job = await studio.submit({ graph });
    await studio.ended(job);
    const { page, faults } = await scene.visit(job);
    await inState(page, "succeeded");
    expect(await page.locator(".file-name").textContent()).toBe("Text");
    expect(await page.locator(".file-text").textContent()).toBe(text);
    await photograph(page, "text-result");
    expect(faults).toEqual([]);
  });
});
