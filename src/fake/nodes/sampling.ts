/** Nodes around the latent: the sampler and the two ways between latents and pictures. */
import { PyFloat, printJson } from "../json.ts";
import { encodeJpeg } from "../media/jpeg.ts";
import { paint, paintUnfinished } from "../media/painting.ts";
import { fitSize, resize } from "../media/picture.ts";
import type { NodeClass } from "./node-class.ts";
import { NodeFailure, reservePixels } from "./value.ts";

const SAMPLERS = (
  "euler euler_cfg_pp euler_ancestral euler_ancestral_cfg_pp heun heunpp2 exp_heun_2_x0 exp_heun_2_x0_sde dpm_2 " +
  "dpm_2_ancestral lms dpm_fast dpm_adaptive dpmpp_2s_ancestral dpmpp_2s_ancestral_cfg_pp dpmpp_sde dpmpp_sde_gpu " +
  "dpmpp_2m dpmpp_2m_cfg_pp dpmpp_2m_sde dpmpp_2m_sde_gpu dpmpp_2m_sde_heun dpmpp_2m_sde_heun_gpu dpmpp_3m_sde " +
  "dpmpp_3m_sde_gpu ddpm lcm ipndm ipndm_v deis res_multistep res_multistep_cfg_pp res_multistep_ancestral " +
  "res_multistep_ancestral_cfg_pp gradient_estimation gradient_estimation_cfg_pp er_sde seeds_2 seeds_3 sa_solver " +
  "sa_solver_pece ddim uni_pc uni_pc_bh2"
).split(" ");

const SCHEDULERS = "simple sgm_uniform karras exponential ddim_uniform beta normal linear_quadratic kl_optimal".split(
  " ",
);

const PREVIEW_QUALITY = 95;

const sampler: NodeClass = {
  name: "KSampler",
  title: "KSampler",
  category: "model/sampling",
  inputs: () => ({
    required: {
      model: ["MODEL"],
      seed: ["INT", { default: 0, min: 0, max: 0xffffffffffffffffn, control_after_generate: true }],
      steps: ["INT", { default: 20, min: 1, max: 10000 }],
      cfg: [
        "FLOAT",
        {
          default: new PyFloat(8),
          min: new PyFloat(0),
          max: new PyFloat(100),
          step: new PyFloat(0.1),
          round: new PyFloat(0.01),
        },
      ],
      sampler_name: [SAMPLERS],
      scheduler: [SCHEDULERS],
      positive: ["CONDITIONING"],
      negative: ["CONDITIONING"],
      latent_image: ["LATENT"],
      denoise: [
        "FLOAT",
        { default: new PyFloat(1), min: new PyFloat(0), max: new PyFloat(1), step: new PyFloat(0.01) },
      ],
    },
  }),
  outputs: [["LATENT", "LATENT"]],
  ownTime: true,
  async run(inputs, context) {
    const { width, height, batch, ...start } = inputs.latent("latent_image");
    const steps = inputs.number("steps");
    const denoise = inputs.number("denoise");
    const request = (index: number, side: number) => ({
      prompt: inputs.conditioning("positive"),
      seed: `${printJson(inputs.json("seed"))}|${inputs.conditioning("negative")}`,
      index,
      denoise,
      base: denoise >= 1 ? null : start.paint(index, ...sizePair(width, height, side)),
    });
    const preview = fitSize(width, height, context.options.previewSize);
    for (let step = 1; step <= steps; step++) {
      await context.pause(context.options.stepMs);
      if (!context.previews) {
        context.progress(step, steps);
        continue;
      }
      const picture = paintUnfinished(request(0, 256), preview.width, preview.height, step / steps);
      context.progress(step, steps, { format: "JPEG", bytes: encodeJpeg(picture, PREVIEW_QUALITY) });
    }
    const latent = {
      width,
      height,
      batch,
      paint: (index: number, w: number, h: number) => paint(request(index, Math.max(w, h)), w, h),
    };
    return { outputs: [{ type: "latent", latent }] };
  },
};

function sizePair(width: number, height: number, longer: number): [number, number] {
  const size = fitSize(width, height, Math.min(longer, Math.max(width, height)));
  return [size.width, size.height];
}

const decode: NodeClass = {
  name: "VAEDecode",
  title: "VAE Decode",
  category: "model/latent",
  inputs: () => ({
    required: {
      samples: ["LATENT"],
      vae: ["VAE"],
    },
  }),
  outputs: [["IMAGE", "IMAGE"]],
  async run(inputs) {
    const { width, height, batch, ...latent } = inputs.latent("samples");
    reservePixels(width, height, batch);
    const pictures = Array.from({ length: batch }, (_, i) => latent.paint(i, width, height));
    return { outputs: [{ type: "images", pictures }] };
  },
};

const encode: NodeClass = {
  name: "VAEEncode",
  title: "VAE Encode",
  category: "model/latent",
  inputs: () => ({ required: { pixels: ["IMAGE"], vae: ["VAE"] } }),
  outputs: [["LATENT", "LATENT"]],
  async run(inputs) {
    const pictures = inputs.images("pixels");
    const first = pictures[0];
    if (first === undefined) throw new NodeFailure("RuntimeError", "empty batch");
    const latent = {
      width: Math.max(8, Math.floor(first.width / 8) * 8),
      height: Math.max(8, Math.floor(first.height / 8) * 8),
      batch: pictures.length,
      paint: (index: number, w: number, h: number) => resize(pictures[index] ?? first, w, h),
    };
    return { outputs: [{ type: "latent", latent }] };
  },
};

/** The classes of this file. */
export const SAMPLING_NODES: readonly NodeClass[] = [sampler, decode, encode];
