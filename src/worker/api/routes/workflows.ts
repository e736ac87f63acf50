/** Workflows: listed and described, with a JSON Schema of their inputs. A token sees those that it may run. */
import * as z from "zod";
import { listOf } from "../../../contract/api.ts";
import { WorkflowSchema } from "../../../contract/workflow.ts";
import { workflowAllowed } from "../../../core/auth/policy.ts";
import { describeWorkflow } from "../../../core/workflow/describe.ts";
import { ApiError } from "../problem.ts";
import { registryOf } from "../registry.ts";
import { type Api, json, mount } from "../route.ts";

const EXAMPLE = {
  object: "workflow",
  id: "txt2img",
  version: 1,
  name: "Text to image",
  description: "Paints a picture from words.",
  needs_model: true,
  inputs_schema: { type: "object", properties: { prompt: { type: "string", maxLength: 2000 } }, required: ["prompt"] },
  outputs: [{ node_id: "9", type: "image" }],
  example_inputs: { prompt: "a lighthouse in fog" },
};

/** What is listed depends on the token. */
const PRIVATE = { "cache-control": "private, no-store" };

export function mountWorkflows(api: Api): void {
  mount(
    api,
    {
      method: "get",
      path: "/v1/workflows",
      id: "listWorkflows",
      tag: "Workflows",
      summary: "List the workflows",
      auth: "workflows:read",
      responses: {
        200: json(listOf(WorkflowSchema), "All of them.", {
          object: "list",
          data: [EXAMPLE],
          has_more: false,
          next_cursor: null,
        }),
      },
    },
    (c) => {
      const { workflows } = c.get("principal");
      const seen = registryOf(c.env)
        .list()
        .filter((one) => workflowAllowed(workflows, `${one.id}@${one.version}`));
      return c.json(
        { object: "list", data: seen.map(describeWorkflow), has_more: false, next_cursor: null },
        200,
        PRIVATE,
      );
    },
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/workflows/{id}",
      id: "getWorkflow",
      tag: "Workflows",
      summary: "Describe a workflow",
      auth: "workflows:read",
      request: {
        params: z.object({ id: z.string().meta({ description: "Name or name@version.", example: "txt2img" }) }),
      },
      responses: { 200: json(WorkflowSchema, "The workflow.", EXAMPLE) },
      errors: ["workflow_not_found"],
    },
    (c) => {
      const id = c.req.param("id") ?? "";
      const workflow = registryOf(c.env).find(id);
      const { workflows } = c.get("principal");
      if (!workflow || !workflowAllowed(workflows, `${workflow.id}@${workflow.version}`))
        throw new ApiError("workflow_not_found", "GET /v1/workflows lists those there are.");
      return c.json(describeWorkflow(workflow), 200, PRIVATE);
    },
  );
}
