/** The workflows of one deployment, found by what callers write: an id, or an id and a version. */
import { assert } from "../util/assert.ts";
import type { WorkflowDefinition } from "./define.ts";

export type WorkflowRegistry = {
  /** The workflow named by `reference`: `id` (its newest version) or `id@version`. Null if there is none. */
  find(reference: string): WorkflowDefinition | null;
  /** The newest version of each workflow, in the order of registration. */
  list(): WorkflowDefinition[];
};

/** Throws on two workflows of the same id and version, and on an id or version that could not be named. */
export function createRegistry(workflows: readonly WorkflowDefinition[]): WorkflowRegistry {
  const byReference = new Map<string, WorkflowDefinition>();
  const newest = new Map<string, WorkflowDefinition>();
  for (const workflow of workflows) {
    const { id, version } = workflow;
    assert(/^[a-z0-9][a-z0-9-]{0,63}$/.test(id), `workflow id ${id}: lower case, digits and dashes`);
    assert(Number.isSafeInteger(version) && version > 0, `workflow ${id}: version counts from 1`);
    assert(!byReference.has(`${id}@${version}`), `workflow ${id}@${version} is registered twice`);
    byReference.set(`${id}@${version}`, workflow);
    if (version > (newest.get(id)?.version ?? 0)) newest.set(id, workflow);
  }
  return {
    find: (reference) => newest.get(reference) ?? byReference.get(reference) ?? null,
    list: () => [...newest.values()],
  };
}
