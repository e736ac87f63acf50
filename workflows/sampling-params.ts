/**
 * The parameters that the model workflows share, so that the same word means the same in each. Each takes the slots it
 * sets; `defineWorkflow` checks them against the graph of the workflow. Lists are those of ComfyUI 0.27 core.
 */
import type { Slot } from "../src/core/workflow/graph.ts";

/** The checkpoint that runs unless the owner's configuration or the caller names another. */
export const DEFAULT_CHECKPOINT = "easel-demo.safetensors";

const SAMPLERS = [
  "euler",
  "euler_cfg_pp",
  "euler_ancestral",
  "euler_ancestral_cfg_pp",
  "heun",
  "heunpp2",
  "exp_heun_2_x0",
  "exp_heun_2_x0_sde",
  "dpm_2",
  "dpm_2_ancestral",
  "lms",
  "dpm_fast",
  "dpm_adaptive",
  "dpmpp_2s_ancestral",
  "dpmpp_2s_ancestral_cfg_pp",
  "dpmpp_sde",
  "dpmpp_sde_gpu",
  "dpmpp_2m",
  "dpmpp_2m_cfg_pp",
  "dpmpp_2m_sde",
  "dpmpp_2m_sde_gpu",
  "dpmpp_2m_sde_heun",
  "dpmpp_2m_sde_heun_gpu",
  "dpmpp_3m_sde",
  "dpmpp_3m_sde_gpu",
  "ddpm",
  "lcm",
  "ipndm",
  "ipndm_v",
  "deis",
  "res_multistep",
  "res_multistep_cfg_pp",
  "res_multistep_ancestral",
  "res_multistep_ancestral_cfg_pp",
  "gradient_estimation",
  "gradient_estimation_cfg_pp",
  "er_sde",
  "seeds_2",
  "seeds_3",
  "sa_solver",
  "sa_solver_pece",
  "ddim",
  "uni_pc",
  "uni_pc_bh2",
] as const;

const SCHEDULERS = [
  "simple",
  "sgm_uniform",
  "karras",
  "exponential",
  "ddim_uniform",
  "beta",
  "normal",
  "linear_quadratic",
  "kl_optimal",
] as const;

/** What the picture should show. */
export const prompt = <const S extends Slot>(...slots: S[]) => ({
  type: "text" as const,
  label: "Prompt",
  description: "What the picture should show.",
  minLength: 1,
  maxLength: 2000,
  slots,
});

/** What the picture should not show. */
export const negative = <const S extends Slot>(...slots: S[]) => ({
  type: "text" as const,
  label: "Negative prompt",
  description: "What the picture should not show.",
  maxLength: 2000,
  default: "",
  slots,
});

/** An edge of the picture. */
export const edge = <const S extends Slot>(label: "Width" | "Height", ...slots: S[]) => ({
  type: "integer" as const,
  label,
  unit: "px",
  min: 64,
  max: 2048,
  step: 8,
  default: 512,
  slots,
});

/** How many pictures. */
export const batchSize = <const S extends Slot>(...slots: S[]) => ({
  type: "integer" as const,
  label: "Pictures",
  description: "How many pictures to make at once.",
  min: 1,
  max: 8,
  default: 1,
  slots,
});

/** Sampling steps. */
export const steps = <const S extends Slot>(...slots: S[]) => ({
  type: "integer" as const,
  label: "Steps",
  description: "More steps take longer and show more detail.",
  min: 1,
  max: 150,
  default: 20,
  slots,
});

/** Classifier-free guidance. */
export const cfg = <const S extends Slot>(...slots: S[]) => ({
  type: "number" as const,
  label: "Guidance",
  description: "How closely the picture follows the prompt.",
  min: 0,
  max: 30,
  step: 0.1,
  default: 7,
  slots,
});

/** How much of the input picture is replaced. */
export const denoise = <const S extends Slot>(...slots: S[]) => ({
  type: "number" as const,
  label: "Strength",
  description: "How much may change: 0 keeps the picture, 1 ignores it.",
  min: 0,
  max: 1,
  step: 0.01,
  default: 0.6,
  slots,
});

/** The sampling algorithm. */
export const sampler = <const S extends Slot>(...slots: S[]) => ({
  type: "choice" as const,
  label: "Sampler",
  options: SAMPLERS,
  default: "euler",
  slots,
});

/** How the noise is taken away over the steps. */
export const scheduler = <const S extends Slot>(...slots: S[]) => ({
  type: "choice" as const,
  label: "Scheduler",
  options: SCHEDULERS,
  default: "normal",
  slots,
});

/** The seed of the noise. */
export const seed = <const S extends Slot>(...slots: S[]) => ({
  type: "seed" as const,
  label: "Seed",
  description: "The same seed and inputs give the same picture.",
  slots,
});

/** The model file. */
export const checkpoint = <const S extends Slot>(...slots: S[]) => ({
  type: "model" as const,
  label: "Checkpoint",
  description: "The model file, as ComfyUI lists it.",
  default: DEFAULT_CHECKPOINT,
  slots,
});
