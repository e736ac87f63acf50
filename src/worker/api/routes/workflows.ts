/** Workflows: listed and described, with a JSON Schema of their inputs. */
import * as z from "zod";
import { listOf } from "../../../contract/api.ts";
import { WorkflowSchema } from "../../../contract/workflow.ts";
import { describeWorkflow } from "../../../core/workflow/describe.ts";
import { secretKey } from "../middleware.ts";
import { ApiError } from "../problem.ts";
import { registryOf } from "../registry.ts";
import { type Api, errorResponses, json, mount, OWNER, OWNER_ERRORS } from "../route.ts";

export function mountWorkflows(api: Api): void {
  mount(
    api,
    {
      method: "get",
      path: "/v1/workflows",
      tags: ["Workflows"],
      summary: "List the workflows",
      ...OWNER,
      responses: { 200: json(listOf(WorkflowSchema), "All of them."), ...errorResponses(...OWNER_ERRORS) },
    },
    secretKey,
    (c) =>
      c.json(
        { object: "list", data: registryOf(c.env).list().map(describeWorkflow), has_more: false, next_cursor: null },
        200,
      ),
  );

  mount(
    api,
    {
      method: "get",
      path: "/v1/workflows/{id}",
      tags: ["Workflows"],
      summary: "Describe a workflow",
      ...OWNER,
      request: { params: z.object({ id: z.string() }) },
      responses: {
        200: json(WorkflowSchema, "The workflow."),
        ...errorResponses(...OWNER_ERRORS, "workflow_not_found"),
      },
    },
    secretKey,
    (c) => {
      const workflow = registryOf(c.env).find(c.req.param("id") ?? "");
      if (!workflow) throw new ApiError("workflow_not_found", "GET /v1/workflows lists those there are.");
      return c.json(describeWorkflow(workflow), 200);
    },
  );
}
