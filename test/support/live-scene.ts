/** Studio and browser for the tests of one file: started once, and empty again after each test. */
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { must } from "../../src/core/util/assert.ts";
import { launchBrowser, type Visit, type VisitOptions, visit } from "./browser.ts";
import { type SharedJob, type Studio, startStudio } from "./studio.ts";

/** What `liveScene` sets up; only to be used inside tests. */
export type LiveScene = {
  readonly studio: Studio;
  /** Opens a job's link, or a path of the service, as a new visitor. */
  visit(target: SharedJob | string, options?: VisitOptions): Promise<Visit>;
};

/** Registers the hooks of the file that calls it. */
export function liveScene(): LiveScene {
  let studio: Studio | null = null;
  let browser: Browser | null = null;
  beforeAll(async () => {
    [studio, browser] = await Promise.all([startStudio(), launchBrowser()]);
  });
  afterEach(async () => {
    await Promise.all(browser?.contexts().map((context) => context.close()) ?? []);
    await studio?.tidy();
  });
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
  });
  const scene: LiveScene = {
    get studio() {
      return must(studio, "the studio, which tests have and their definitions do not");
    },
    visit(target, options) {
      const url = typeof target === "string" ? new URL(target, scene.studio.client.url).href : target.link;
      return visit(must(browser, "the browser"), url, options);
    },
  };
  return scene;
}
