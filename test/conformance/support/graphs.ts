/** Workflows of the checks: tiny pictures through core nodes, and through the fake's probe nodes. */

/** A node in API format. */
export interface GraphNode {
  class_type: string;
  inputs: Record<string, unknown>;
  _meta?: { title: string };
}

/** A prompt in API format. */
export type Graph = Record<string, GraphNode>;

/** A picture of one colour; another colour is another cache key. */
export function flat(colour: number, size = 16, batch = 1): GraphNode {
  return { class_type: "EmptyImage", inputs: { width: size, height: size, batch_size: batch, color: colour } };
}

/** An output node that writes to the temp folder. */
export function preview(from: string): GraphNode {
  return { class_type: "PreviewImage", inputs: { images: [from, 0] } };
}

/** A flat picture followed by one node and a preview: `1`, `2`, `3`. */
export function through(
  classType: string,
  inputs: Record<string, unknown> = {},
  input = "images",
  colour = 255,
): Graph {
  return {
    "1": flat(colour),
    "2": { class_type: classType, inputs: { [input]: ["1", 0], ...inputs } },
    "3": preview("2"),
  };
}

/** A small prompt of three core nodes, different for each `colour`. */
export function quick(colour: number): Graph {
  return through("ImageInvert", {}, "image", colour);
}

/** Pictures that go to the socket: ticks without a model. */
export function streaming(colour: number, batch: number): Graph {
  return {
    "1": flat(colour, 32, batch),
    "2": { class_type: "SaveImageWebsocket", inputs: { images: ["1", 0] } },
  };
}

/**
 * Seconds of work for a real server: one large picture scaled down again and again, with chances to interrupt in between
 * and small results. The order of the branches is the server's choice.
 */
export function slow(colour: number): Graph {
  const graph: Graph = { "1": flat(colour, 4096) };
  for (let i = 0; i < 24; i++) {
    const size = { width: 16 + i, height: 16, upscale_method: "lanczos", crop: "disabled" };
    graph[`${2 * i + 2}`] = { class_type: "ImageScale", inputs: { image: ["1", 0], ...size } };
    graph[`${2 * i + 3}`] = preview(`${2 * i + 2}`);
  }
  return graph;
}

/** Runs on the fake for as long as a check needs: 400 ticks of 5 ms. */
export function ticking(colour = 255): Graph {
  return through("ProbeSleep", { steps: 400, step_ms: 5 }, "images", colour);
}

/** Text to a 64×64 picture. */
export function txt2img(
  seed = 1,
  over: { text?: string; prefix?: string; steps?: number; checkpoint?: string } = {},
): Graph {
  const { text = "a lighthouse in fog", prefix = "cc", steps = 3, checkpoint = "easel-demo.safetensors" } = over;
  return {
    "3": {
      class_type: "KSampler",
      inputs: {
        seed,
        steps,
        cfg: 2,
        sampler_name: "euler",
        scheduler: "normal",
        denoise: 1,
        model: ["4", 0],
        positive: ["6", 0],
        negative: ["7", 0],
        latent_image: ["5", 0],
      },
    },
    "4": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: checkpoint } },
    "5": { class_type: "EmptyLatentImage", inputs: { width: 64, height: 64, batch_size: 1 } },
    "6": { class_type: "CLIPTextEncode", inputs: { text, clip: ["4", 1] } },
    "7": { class_type: "CLIPTextEncode", inputs: { text: "blurry", clip: ["4", 1] } },
    "8": { class_type: "VAEDecode", inputs: { samples: ["3", 0], vae: ["4", 2] } },
    "9": { class_type: "SaveImage", inputs: { filename_prefix: prefix, images: ["8", 0] } },
  };
}

/** The graph with other node ids. */
export function renumbered(graph: Graph): Graph {
  return JSON.parse(JSON.stringify(graph).replaceAll(/"(\d+)"/g, '"1$1"'));
}
