/** How a workflow describes itself to a caller: its parameters as a JSON Schema with hints for a form. */
import * as z from "zod";

export const WorkflowSchema = z
  .object({
    object: z.literal("workflow"),
    id: z.string(),
    version: z.int(),
    name: z.string(),
    description: z.string(),
    needs_model: z.boolean().meta({ description: "False: runs on a stock ComfyUI without any model file." }),
    inputs_schema: z.record(z.string(), z.unknown()).meta({ description: "JSON Schema 2020-12 with `ui` hints." }),
    outputs: z.array(z.object({ node_id: z.string(), type: z.string() })),
    example_inputs: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "Workflow" });
export type Workflow = z.infer<typeof WorkflowSchema>;
