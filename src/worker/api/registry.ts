/** The workflows of this deployment: those that are built in, with the owner's defaults. */

import { workflows } from "../../../workflows/index.ts";
import { withDefaults } from "../../core/workflow/define.ts";
import { createRegistry, type WorkflowRegistry } from "../../core/workflow/registry.ts";
import { type Config, configOf } from "../config.ts";

const registries = new WeakMap<Config, WorkflowRegistry>();

/** The registry of this isolate's configuration. */
export function registryOf(env: Env): WorkflowRegistry {
  const config = configOf(env);
  const known = registries.get(config);
  if (known) return known;
  const made = createRegistry(workflows.map((workflow) => withDefaults(workflow, config.workflowDefaults)));
  registries.set(config, made);
  return made;
}
