/** The pages of the documentation in a real browser: whole, without a fault, from this origin alone, in light and dark, on a phone. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operationsOf } from "../../scripts/docs/openapi.ts";
import { type Host, startHost } from "../../scripts/local/host.ts";
import { TAGS } from "../../src/docs/introduction.ts";
import { launchBrowser, SCHEMES, SCREENS, visit } from "../support/browser.ts";
import { builtDocument } from "./document.ts";

let host: Host;
let browser: Browser;
beforeAll(async () => {
  host = await startHost({ vars: { SIGNING_SECRET: "", SECRET_KEY_HASHES: "" } });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await host.dispose();
});

describe("the API reference", () => {
  it("[S8] shows every group and call, without a fault and without asking another host", async () => {
    const { page, faults, status } = await visit(browser, `${host.url}/docs`, { viewport: SCREENS.desktop });
    expect(status).toBe(200);
    for (const tag of Object.keys(TAGS)) await page.getByText(tag, { exact: true }).first().waitFor();
    for (const { operation } of operationsOf(builtDocument()).filter((one) => one.path === "/v1/jobs")) {
      await page.getByText(String(operation.summary), { exact: true }).first().waitFor();
    }
    await page.getByText("Create a job", { exact: true }).first().click();
    await page.getByText('"$EASELCAST/v1/jobs"').first().waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });
});

describe("the pages of errors in a browser", () => {
  it.each(SCHEMES)("[S7] fit a phone and can be read in %s", async (colorScheme) => {
    for (const path of ["/errors", "/errors/invalid_workflow"]) {
      const { page, faults } = await visit(browser, host.url + path, { viewport: SCREENS.phone, colorScheme });
      await page.getByRole("heading", { level: 1 }).waitFor();
      const wider = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth");
      expect(wider, path).toBe(false);
      expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe(
        colorScheme === "light" ? "rgb(251, 250, 247)" : "rgb(22, 23, 26)",
      );
      expect(faults).toEqual([]);
      await page.context().close();
    }
  });
});
