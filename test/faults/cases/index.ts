/** All faults, in the order of the table. */
import type { FaultCase } from "../case.ts";
import { BACKEND_CASES } from "./backend.ts";
import { REFUSAL_CASES } from "./refusals.ts";
import { RESULT_CASES } from "./results.ts";
import { RUN_CASES } from "./run.ts";
import { SERVICE_CASES } from "./service.ts";
import { SOCKET_CASES } from "./socket.ts";
import { SUBMIT_CASES } from "./submit.ts";

/** Names are unique: a lane finds its case by name. */
export const CASES: readonly FaultCase[] = [
  ...SOCKET_CASES,
  ...SUBMIT_CASES,
  ...RUN_CASES,
  ...BACKEND_CASES,
  ...REFUSAL_CASES,
  ...RESULT_CASES,
  ...SERVICE_CASES,
];
