/** Many at one link: how many watch is true, and whoever shared the link can take it back at any time. */
import { describe, expect, it } from "vitest";
import {
  accessibilityFaults,
  inState,
  isLive,
  onlyTransport,
  photograph,
  SCHEMES,
  setHidden,
} from "../support/browser.ts";
import { liveScene } from "../support/live-scene.ts";

const scene = liveScene();

it("counts those who look: two pages see two, and one in a hidden tab is not counted", async () => {
  const { studio } = scene;
  const job = await studio.submitUntilStep(8);
  const first = await scene.visit(job);
  await first.page.getByText("Live · 1 watching").waitFor();
  const second = await scene.visit(job);
  await first.page.getByText("Live · 2 watching").waitFor();
  await second.page.getByText("Live · 2 watching").waitFor();
  await setHidden(second.page, true);
  await first.page.getByText("Live · 1 watching").waitFor();
  expect([...first.faults, ...second.faults]).toEqual([]);
});

describe("a link that is taken back", () => {
  it.each(["websocket", "sse"] as const)(
    "closes the open page that follows by %s, with nothing left of the picture",
    async (transport) => {
      const { studio } = scene;
      const job = await studio.submitUntilStep(8);
      const { page, faults } = await scene.visit(job, {
        prepare: (it) => onlyTransport(it, transport),
        // Coming back for more, the page is told that there is none.
        expected: /WebSocket|status of 410/,
      });
      await inState(page, "previewing");
      await isLive(page);
      await studio.revoke(job);
      await page.getByRole("heading", { name: "This link was closed" }).waitFor();
      expect(await page.title()).toBe("This link was closed");
      expect(await page.locator("img").count()).toBe(0);
      expect(await page.getByRole("link").count()).toBe(0);
      expect(faults).toEqual([]);
    },
  );

  it("leaves other links of the same job open", async () => {
    const { studio } = scene;
    const job = await studio.submitUntilStep(8);
    const other = await studio.client.share(job.id);
    const { page } = await scene.visit(other.url);
    await isLive(page);
    await studio.revoke(job);
    studio.play();
    await inState(page, "succeeded");
  });
});

describe.each(SCHEMES)("in a %s browser", (colorScheme) => {
  it("answers an unknown link with a calm page and 404, and a closed one with 410", async () => {
    const { studio } = scene;
    const job = await studio.submitUntilStep(2);
    await studio.revoke(job);
    const revoked = new URL(job.link).pathname;
    const cases = [
      ["revoked", revoked, 410, "This link was closed"],
      ["unknown", `${revoked.slice(0, -3)}abc`, 404, "There is nothing here"],
      ["malformed", "/s/no-such-link", 404, "There is nothing here"],
    ] as const;
    for (const [name, path, status, headline] of cases) {
      const {
        page,
        faults,
        status: answered,
      } = await scene.visit(path, { colorScheme, expected: /status of 4(04|10)/ });
      expect(answered).toBe(status);
      expect(await page.getByRole("heading").textContent()).toBe(headline);
      expect(await accessibilityFaults(page)).toEqual([]);
      await photograph(page, `closed-${name}.${colorScheme}`);
      expect(faults).toEqual([]);
    }
  });
});
