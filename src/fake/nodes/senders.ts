/** Nodes that send results through the socket: the bundled one and those of two packs (protocol §3). */
import { encodePreview, PNG_CODE } from "../encode.ts";
import { isObject } from "../json.ts";
import { JsonSyntaxError, parseJson } from "../json-parse.ts";
import { encodePng } from "../media/png.ts";
import type { NodeClass } from "./node-class.ts";

/** One PNG per image through the progress hook; values run from 0 and never reach the maximum. */
const saveImageWebsocket: NodeClass = {
  name: "SaveImageWebsocket",
  title: "SaveImageWebsocket",
  category: "api/image",
  isOutput: true,
  inputs: () => ({ required: { images: ["IMAGE"] } }),
  outputs: [],
  isChanged: () => null,
  async run(inputs, context) {
    const pictures = inputs.images("images");
    for (const [i, picture] of pictures.entries()) {
      const bytes = await encodePng(picture, context.ports, { texts: [], padToBytes: context.options.outputPadBytes });
      context.progress(i, pictures.length, { format: "PNG", bytes });
    }
    return {};
  },
};

/** Acly/comfyui-tooling-nodes: always type 1, no progress, then `executed` with a placeholder per image. */
const etnSendImage: NodeClass = {
  name: "ETN_SendImageWebSocket",
  title: "Send Image (WebSocket)",
  category: "external_tooling",
  isOutput: true,
  inputs: () => ({ required: { images: ["IMAGE"] }, optional: { format: [["PNG"], { default: "PNG" }] } }),
  outputs: [],
  isChanged: () => null,
  async run(inputs, context) {
    const pictures = inputs.images("images");
    for (const picture of pictures) {
      context.sendFrame(encodePreview(PNG_CODE, await encodePng(picture, context.ports, { texts: [] })));
    }
    const placeholder = { source: "websocket", "content-type": "image/png", type: "output" };
    return { ui: { images: pictures.map(() => placeholder) } };
  },
};

/** un-seen/comfyui-tensorops: the stock node kills the server; a patched one sends type 1 and nothing else. */
const tensorOpsSendImage: NodeClass = {
  name: "SendImageOnWebSocket",
  title: "Send Image On WebSocket",
  category: "tensorops",
  isOutput: true,
  inputs: () => ({ required: { images: ["IMAGE"], event: ["STRING", { default: "" }] } }),
  outputs: [],
  isChanged: () => null,
  async run(inputs, context) {
    if (!context.options.patchedTensorOps) {
      context.crashServer();
      return {};
    }
    for (const picture of inputs.images("images")) {
      context.sendFrame(encodePreview(PNG_CODE, await encodePng(picture, context.ports, { texts: [] })));
    }
    return {};
  },
};

/** The same pack: an event of the node's own type; data that is no JSON object kills the server. */
const tensorOpsSendJson: NodeClass = {
  name: "SendJsonOnWebSocket",
  title: "Send Json On WebSocket",
  category: "tensorops",
  isOutput: true,
  inputs: () => ({ required: { json: ["STRING", { default: "{}" }], event: ["STRING", { default: "" }] } }),
  outputs: [],
  isChanged: () => null,
  async run(inputs, context) {
    try {
      const data = parseJson(inputs.text("json"));
      if (isObject(data)) context.sendEvent(inputs.text("event"), data);
      else context.crashServer();
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error;
      context.crashServer();
    }
    return {};
  },
};

/** The classes of this file. */
export const SENDER_NODES: readonly NodeClass[] = [
  saveImageWebsocket,
  etnSendImage,
  tensorOpsSendImage,
  tensorOpsSendJson,
];
