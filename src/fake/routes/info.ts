/** What the server tells about itself: system_stats, features, object_info, models (protocol §1.10). */
import { type Call, emptyResponse, type FakeResponse, jsonResponse } from "../http.ts";
import type { Json, JsonObject } from "../json.ts";
import type { NodeClass, NodeEnvironment } from "../nodes/node-class.ts";
import { type ServerProcess, serverFlags } from "../process.ts";
import { since } from "../version.ts";

const MODEL_FOLDERS = ["checkpoints", "configs", "loras", "vae", "text_encoders", "diffusion_models", "embeddings"];
const VRAM = 25_769_803_776;
const RAM = 34_359_738_368;

/** GET /system_stats. */
export function getSystemStats(_: Call, server: ServerProcess): FakeResponse {
  const { version } = server.environment.options;
  const busy = server.queue.running === null ? 0 : 6_442_450_944;
  return jsonResponse({
    system: {
      os: since(version, "0.4.0") ? "linux" : "posix",
      ram_total: RAM,
      ram_free: RAM - 8_589_934_592 - busy,
      comfyui_version: version,
      required_frontend_version: "1.45.20",
      installed_templates_version: null,
      required_templates_version: "0.11.1",
      ...(since(version, "0.22.0") ? { comfy_package_versions: [] } : {}),
      python_version: "3.11.7 (main, May  9 2026, 07:35:25) [GCC 12.2.0]",
      pytorch_version: "2.13.0+cu130",
      embedded_python: false,
      ...(since(version, "0.25.0") ? { deploy_environment: "local-git" } : {}),
      argv: ["main.py", "--listen"],
    },
    devices: [
      {
        name: "cuda:0 Fake GPU : cudaMallocAsync",
        type: "cuda",
        index: 0,
        vram_total: VRAM,
        vram_free: VRAM - 2_147_483_648 - busy,
        torch_vram_total: busy,
        torch_vram_free: 0,
      },
    ],
  });
}

/** GET /features. */
export function getFeatures(_: Call, server: ServerProcess): FakeResponse {
  return jsonResponse(serverFlags(server.environment));
}

function describe(nodeClass: NodeClass, environment: NodeEnvironment): Json {
  const { required, optional, hidden } = nodeClass.inputs(environment);
  const groups = { required, ...(optional && { optional }), ...(hidden && { hidden }) };
  const input: JsonObject = {};
  const input_order: JsonObject = {};
  for (const [group, inputs] of Object.entries(groups)) {
    input[group] = Object.fromEntries(
      Object.entries(inputs).map(([name, spec]): [string, Json] => [
        name,
        typeof spec === "string" ? spec : spec[1] === undefined ? [spec[0]] : [spec[0], spec[1]],
      ]),
    );
    input_order[group] = Object.keys(inputs);
  }
  const newer = since(environment.options.version, "0.23.0");
  return {
    input,
    input_order,
    ...(newer ? { is_input_list: false } : {}),
    output: nodeClass.outputs.map(([type]) => type),
    output_is_list: nodeClass.outputs.map(() => false),
    output_name: nodeClass.outputs.map(([, name]) => name),
    name: nodeClass.name,
    display_name: nodeClass.title,
    description: "",
    python_module: "nodes",
    category: nodeClass.category,
    output_node: nodeClass.isOutput ?? false,
    ...(newer ? { has_intermediate_output: nodeClass.hasIntermediateOutput ?? false } : {}),
  };
}

/** GET /object_info. */
export function getObjectInfo(_: Call, server: ServerProcess): FakeResponse {
  const all = [...server.classes.values()];
  return jsonResponse(new Map(all.map((nodeClass) => [nodeClass.name, describe(nodeClass, server.environment)])));
}

/** GET /object_info/{class}. */
export function getObjectInfoOf(_: Call, server: ServerProcess, name: string): FakeResponse {
  const nodeClass = server.classes.get(name);
  return jsonResponse(nodeClass === undefined ? {} : { [name]: describe(nodeClass, server.environment) });
}

/** GET /models. */
export function getModelFolders(): FakeResponse {
  return jsonResponse(MODEL_FOLDERS);
}

/** GET /models/{folder}. */
export function getModels(_: Call, server: ServerProcess, folder: string): FakeResponse {
  if (!MODEL_FOLDERS.includes(folder)) return emptyResponse(404);
  return jsonResponse(folder === "checkpoints" ? server.environment.options.checkpoints : []);
}

/** GET /embeddings and GET /extensions. */
export function getNone(): FakeResponse {
  return jsonResponse([]);
}
