import { describe, expect, it } from "vitest";
import type { JobState } from "../../../src/core/job/state.ts";
import { captureNames, loadCapture } from "../../support/captures.ts";
import { promptsOf } from "../../support/recorded-server.ts";
import { replay } from "../../support/replay.ts";

/** How each prompt of each recording ended, read from the recordings and their README. */
const ENDS: Record<string, string[]> = {
  "01-txt2img-metadata": ["succeeded: cc_00001_.png"],
  "02-txt2img-no-flags": ["succeeded: cc_00002_.png"],
  "03-fully-cached": ["succeeded: cc_00002_.png"],
  "03b-cached-intermediate-output": [
    "succeeded: ComfyUI_temp_hiend_00001_.png, crop_00001_.png",
    "succeeded: ComfyUI_temp_hiend_00001_.png, crop_00001_.png",
    "succeeded: ComfyUI_temp_hiend_00001_.png, crop2_00001_.png",
  ],
  "04-batch2-save-and-preview": [
    "succeeded: ComfyUI_temp_cxrze_00001_.png, ComfyUI_temp_cxrze_00002_.png, pair_00001_.png, pair_00002_.png",
  ],
  "05-img2img-upload": ["succeeded: i2i_00001_.png"],
  "06-missing-input": [
    "failed: invalid_workflow in KSampler 3 (seed)",
    "failed: invalid_workflow in SaveImage 9 (images)",
    "failed: invalid_workflow in KSampler 3 (model)",
    "failed: invalid_workflow in KSampler 3 (samples)",
    "failed: invalid_workflow in EmptyLatentImage 5 (latent_image)",
  ],
  "07-value-out-of-range": [
    "failed: invalid_workflow in KSampler 3 (steps)",
    "failed: invalid_workflow in KSampler 3 (cfg)",
    "failed: invalid_workflow in KSampler 3 (sampler_name)",
    "failed: invalid_workflow in KSampler 3 (scheduler)",
    "failed: model_missing in CheckpointLoaderSimple 4 (ckpt_name)",
    "failed: invalid_workflow in EmptyLatentImage 5 (width)",
    "failed: invalid_workflow in KSampler 3 (latent_image)",
    "failed: invalid_workflow in KSampler 3 (model)",
    "failed: invalid_workflow in LoadImage 1 (image)",
    "failed: invalid_workflow in EmptyImage 1 (width)",
  ],
  "08-unknown-class": [
    "failed: node_missing in KSamplerFromAPackNotInstalled 3",
    "failed: node_missing in null 8",
    "failed: node_missing in UnusedUnknown 50",
  ],
  "09-no-outputs": [
    "failed: invalid_workflow",
    "failed: invalid_workflow",
    "failed: invalid_workflow",
    "failed: invalid_workflow",
    "failed: invalid_workflow",
    "failed: invalid_workflow",
    "failed: invalid_workflow",
    "queued again",
    "queued again",
    "failed: invalid_workflow",
    "failed: invalid_workflow in ImageInvert 1",
  ],
  "10-partially-valid": ["failed: invalid_workflow in EmptyImage 3 (height)"],
  "11-node-error": [
    "failed: node_failed in TestSyncError 4, with ComfyUI_temp_ggcnj_00001_.png",
    "failed: node_failed in TestSyncError 4, with ComfyUI_temp_ggcnj_00001_.png",
  ],
  "11b-node-error-in-sampler-graph": ["failed: node_failed in LoadImage 10", "failed: node_failed in KSampler 3"],
  "12-interrupt": ["canceled by user"],
  "13-jobs-cancel": ["canceled by user", "canceled by user", "canceled by user"],
  "14-delete-while-queued": ["succeeded: cc_00003_.png", "canceled by user"],
  "15-save-image-websocket": ["succeeded: 9/frame/0, 9/frame/1", "succeeded: 9/frame/0, 9/frame/1"],
  "15b-save-image-websocket-no-flags": ["succeeded: 9/frame/0, 9/frame/1"],
  "16-two-clients": ["succeeded: 64, sixteen_00001_.png"],
  "16b-prompt-without-client-id": [
    "succeeded: sixteenb_00001_.png (connection_lost)",
    "succeeded: (connection_lost,no_outputs)",
  ],
  "17-socket-dropped-reopened": ["succeeded: cc_00004_.png (connection_lost)"],
  "17b-same-client-id-twice": ["succeeded: cc_00005_.png (connection_lost)"],
  "18-socket-dropped-polling": ["succeeded: cc_00006_.png (connection_lost)"],
  "19-server-killed": [
    "succeeded: ComfyUI_temp_jakmu_00001_.png, before_00001_.png",
    // Sent again under the same id as soon as the server was back: the run that is then seen is as good.
    "succeeded: cc_00009_.png (connection_lost,not_answering)",
    "queued again",
    "succeeded: cc_00009_.png",
  ],
  "19b-server-sigint": [
    "succeeded: ComfyUI_temp_cnflx_00001_.png, before_00004_.png",
    "succeeded: cc_00014_.png (connection_lost,not_answering)",
    "queued again",
    "succeeded: cc_00014_.png",
  ],
  "26-http-catalogue": [
    "succeeded: cc_00007_.png",
    "succeeded: q0_00001_.png",
    "succeeded: q1_00001_.png",
    "succeeded: q2_00001_.png",
    "failed: node_failed in TestSyncError 2",
  ],
  "27-text-output": ["succeeded: 40, first line, tensor([[[", "succeeded: 40, first line, tensor([[["],
  "27b-video-output": ["succeeded: anim_00001_.webp, animp_00001_.png, clip_00001_.mp4, clip_00001_.webm"],
  "29-priorities": [
    "succeeded: cc_00008_.png",
    "succeeded: ComfyUI_temp_vnfqe_00005_.png",
    "succeeded: ComfyUI_temp_vnfqe_00003_.png",
    "succeeded: ComfyUI_temp_vnfqe_00004_.png",
    "succeeded: ComfyUI_temp_vnfqe_00001_.png",
    "succeeded: ComfyUI_temp_vnfqe_00002_.png",
    "succeeded: ComfyUI_temp_vnfqe_00007_.png",
    "succeeded: ComfyUI_temp_vnfqe_00006_.png",
    "queued again",
  ],
  "32-history-at-success": ["succeeded: race_00001_.png", "succeeded: race_00002_.png", "succeeded: race_00003_.png"],
};

function endOf(state: JobState): string {
  const { stage } = state;
  const names = state.outputs
    .map((output) => output.name)
    .sort()
    .join(", ");
  switch (stage.name) {
    case "succeeded": {
      const warnings = state.warnings.map((warning) => warning.code).join();
      return `succeeded: ${[names, warnings && `(${warnings})`].filter(Boolean).join(" ")}`;
    }
    case "failed": {
      const { code, nodeId, classType, input } = stage.failure;
      const where = nodeId === null ? "" : ` in ${classType} ${nodeId}${input === null ? "" : ` (${input})`}`;
      return `failed: ${code}${where}${names && `, with ${names}`}`;
    }
    case "canceled":
      return `canceled by ${state.cancel?.by}`;
    case "queued":
      return state.attempt > 1 ? "queued again" : "queued";
    default:
      return stage.name;
  }
}

describe("recorded conversations", () => {
  it("are all in the table that have a prompt", () => {
    const counts = captureNames().map((name) => [name, promptsOf(loadCapture(name)).length] as const);
    const expected = Object.fromEntries(counts.filter(([, prompts]) => prompts > 0));
    expect(Object.fromEntries(Object.entries(ENDS).map(([name, ends]) => [name, ends.length]))).toEqual(expected);
  });

  it.each(Object.keys(ENDS))("[J8] %s: every prompt ends as it was recorded", (name) => {
    const capture = loadCapture(name);
    expect(promptsOf(capture).map((_, number) => endOf(replay(capture, number)))).toEqual(ENDS[name]);
  });

  it("[J16] an interrupt by somebody else is a cancel by the backend", () => {
    expect(endOf(replay(loadCapture("12-interrupt"), 0, "elsewhere"))).toBe("canceled by backend");
  });

  it("[J12] a prompt that somebody else deletes from the queue leaves no trace: it is run again", () => {
    expect(endOf(replay(loadCapture("14-delete-while-queued"), 1, "elsewhere"))).toBe("queued again");
  });

  it("[J27] a whole run heard on the socket shows its progress rising to the end, and learns its times", () => {
    const state = replay(loadCapture("01-txt2img-metadata"), 0);
    expect(state.progress.shown).toBe(1);
    expect(Object.keys(state.progress.nodes).sort()).toEqual(["3", "4", "5", "6", "7", "8", "9"]);
    expect(Object.values(state.progress.nodes).every((node) => node.finishedAt !== null)).toBe(true);
    expect(state.preview?.rev).toBe(4);
  });
});
