/** What an app pays for the client. */
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { CLIENT_BUNDLE } from "../../scripts/build-client.ts";

const MAX_BYTES = 6 * 1024;

it("is at most 6 kB gzipped, all of it, and imports nothing", async () => {
  const { outputFiles, metafile } = await build({
    ...CLIENT_BUNDLE,
    outdir: "unused",
    write: false,
    metafile: true,
  });
  const [bundle] = outputFiles;
  expect(gzipSync(bundle?.contents ?? "", { level: 9 }).length).toBeLessThanOrEqual(MAX_BYTES);
  expect(Object.keys(metafile.inputs).filter((path) => !path.startsWith("src/client/"))).toEqual([]);
});
