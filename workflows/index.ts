/** The workflows this deployment offers. To add one: a folder with its graph and its definition, and a line here. */
import type { WorkflowDefinition } from "../src/core/workflow/define.ts";
import { demo } from "./demo/workflow.ts";
import { img2img } from "./img2img/workflow.ts";
import { stream } from "./stream/workflow.ts";
import { txt2img } from "./txt2img/workflow.ts";

/** In the order in which they are listed. */
export const workflows: readonly WorkflowDefinition[] = [txt2img, img2img, stream, demo];
