/**
 * Makes docs/live-page.png for the README: the live page of one running job, watched at the same moment on a desktop by
 * day and on a phone by night. Everything in it is real: the built Worker, the fake ComfyUI, Chromium.
 *   node scripts/readme-picture.ts
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { startFakeComfy } from "./fake-server.ts";
import { api, followJob } from "./local/api.ts";
import { launchBrowser } from "./local/chromium.ts";
import { ensureBuild } from "./local/ensure-build.ts";
import { startHost } from "./local/host.ts";
import { freshOwner } from "./local/settings.ts";

const FILE = fileURLToPath(new URL("../docs/live-page.png", import.meta.url));
const SIZE = { width: 1280, height: 650 };
const STEPS = 24;
/** Longer than the pauses in which Playwright looks at a page. */
const STEP_MS = 700;
/** The moment of the picture: clearly unfinished, and clearly a picture. */
const SHOWN_STEP = 20;
const INPUTS = { prompt: "a lake in the mountains at sunset", seed: "7", width: 832, height: 1024, steps: STEPS };
const WATCHERS: BrowserContextOptions[] = [
  { viewport: { width: 1160, height: 630 }, colorScheme: "light", deviceScaleFactor: 0.8 },
  { viewport: { width: 390, height: 770 }, colorScheme: "dark", deviceScaleFactor: 0.75 },
];

const open = async (browser: Browser, link: string, options: BrowserContextOptions): Promise<Page> => {
  const page = await (await browser.newContext(options)).newPage();
  await page.goto(link);
  return page;
};

const shot = async (page: Page): Promise<string> =>
  `data:image/png;base64,${(await page.screenshot({ animations: "disabled" })).toString("base64")}`;

/** Both screens on one wall, pixel for pixel. */
const composition = (desktop: string, phone: string): string => `<!doctype html><style>
  body { margin: 0; height: 100vh; display: flex; justify-content: center; align-items: center; background: #ddd5cb; }
  figure { margin: 0; overflow: hidden; box-shadow: 0 2px 6px #2a1d1233, 0 30px 60px -16px #2a1d1277; }
  img { display: block; }
  .desktop { border-radius: 12px; background: #e9e4d9; }
  .dots { height: 32px; box-sizing: border-box; padding: 11px 16px; display: flex; gap: 8px; }
  .dots i { width: 10px; height: 10px; border-radius: 50%; background: #d3cabb; }
  .phone { margin-left: -16px; border-radius: 36px; border: 8px solid #0b0a0a; background: #0b0a0a; }
</style>
<figure class="desktop"><div class="dots"><i></i><i></i><i></i></div><img src="${desktop}"></figure>
<figure class="phone"><img src="${phone}"></figure>`;

await ensureBuild();
const comfy = await startFakeComfy({ stepMs: STEP_MS, nodeMs: 30 });
const { key, vars: owner } = await freshOwner("test");
const host = await startHost({
  vars: {
    COMFY_BACKENDS: comfy.url,
    ...owner,
  },
});
const browser = await launchBrowser();
try {
  const call = api(host.url, key);
  // From a first run the service learns how long such a job takes, and says of the second how long is left.
  const first = await call.create({ workflow: "txt2img", inputs: INPUTS });
  await followJob(host.url, key, first.id, () => {});
  const job = await call.create({ workflow: "txt2img", inputs: { ...INPUTS, seed: "8" }, share: {} });
  const link = job.new_share?.url ?? host.url;
  const pages = await Promise.all(WATCHERS.map((options) => open(browser, link, options)));
  await Promise.all(pages.map((page) => page.getByText(`${SHOWN_STEP} of ${STEPS}`).waitFor()));
  const [desktop = "", phone = ""] = await Promise.all(pages.map(shot));
  const wall = await (await browser.newContext({ viewport: SIZE })).newPage();
  await wall.setContent(composition(desktop, phone));
  const png = await wall.screenshot();
  writeFileSync(FILE, png);
  console.log(`${FILE}: ${Math.round(png.length / 1000)} kB`);
} finally {
  await browser.close();
  await host.dispose();
  await comfy.close();
}
