/** A workflow as callers see it: the contract's description, without graph and bindings. */
import type { Workflow } from "../../contract/workflow.ts";
import type { WorkflowDefinition } from "./define.ts";
import { outputNodes } from "./outputs.ts";
import { inputsJsonSchema } from "./schema.ts";

/** The public description. Temporary outputs (previews) are not promised, so they are not in it. */
export function describeWorkflow(workflow: WorkflowDefinition): Workflow {
  const outputs = outputNodes(workflow.graph).filter((output) => !output.temporary);
  return {
    object: "workflow",
    id: workflow.id,
    version: workflow.version,
    name: workflow.name,
    description: workflow.description,
    needs_model: workflow.needsModel,
    inputs_schema: inputsJsonSchema(workflow),
    outputs: outputs.map((output) => ({ node_id: output.nodeId, type: output.type })),
    example_inputs: { ...workflow.example },
  };
}
