/**
 * Runs a fake ComfyUI on a TCP port for playing by hand. While it runs, `POST /fake/faults` makes something go wrong,
 * e.g. `{"type": "cut"}` or `{"type": "restart", "downMs": 3000, "when": {"type": "atStep", "step": 5}}`.
 */
import { parseArgs } from "node:util";
import type { ComfyVersion } from "../src/fake/version.ts";
import { startFakeComfy } from "./fake-server.ts";

const VERSIONS: readonly ComfyVersion[] = ["0.3.64", "0.27.0", "0.38.1"];

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8188" },
    host: { type: "string", default: "127.0.0.1" },
    version: { type: "string", default: "0.27.0" },
    "step-ms": { type: "string", default: "60" },
    "load-ms": { type: "string", default: "0" },
    "preview-size": { type: "string", default: "256" },
    "no-previews": { type: "boolean", default: false },
  },
});

const version = VERSIONS.find((known) => known === values.version);
if (version === undefined) {
  console.error(`unknown version ${values.version}; known: ${VERSIONS.join(", ")}`);
  process.exit(1);
}

const running = await startFakeComfy(
  {
    version,
    stepMs: Number(values["step-ms"]),
    loadMs: Number(values["load-ms"]),
    previewSize: Number(values["preview-size"]),
    previewMethod: values["no-previews"] ? "none" : "latent2rgb",
  },
  { port: Number(values.port), host: values.host },
);
console.log(`fake ComfyUI ${version} on ${running.url}`);
