/** Starts the browser that looks at the pages: the Chromium inside the npm package on Linux x64, else an installed Chrome. */
import { type Browser, chromium } from "playwright-core";

/** Arguments of the packed Chromium that are not wanted here. */
const UNWANTED = new Set([
  // A single process ends with its first closed context.
  "--single-process",
  // Pages shall meet the browser's usual rules.
  "--disable-web-security",
  "--allow-running-insecure-content",
]);

/** A headless browser; whoever starts it closes it. It asks nothing of the network by itself. */
export async function launchBrowser(): Promise<Browser> {
  const quiet = "--disable-background-networking";
  if (process.platform !== "linux" || process.arch !== "x64") {
    return chromium.launch({ channel: "chrome", args: [quiet] });
  }
  const { default: packed } = await import("@sparticuz/chromium");
  // Pages have no WebGL, and without its emulation screenshots of large blurs take a fraction of the time.
  packed.setGraphicsMode = false;
  const args = [...packed.args.filter((arg) => !UNWANTED.has(arg)), quiet];
  return chromium.launch({ executablePath: await packed.executablePath(), args });
}
