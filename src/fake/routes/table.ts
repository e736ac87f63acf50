/** Which route answers which call. Every route exists with and without `/api`, but the jobs routes only with it. */
import { type Call, type FakeResponse, methodNotAllowed, notFound, textResponse } from "../http.ts";
import type { ServerProcess } from "../process.ts";
import { since } from "../version.ts";
import { getHistory, getHistoryOf, postHistory } from "./history.ts";
import {
  getFeatures,
  getModelFolders,
  getModels,
  getNone,
  getObjectInfo,
  getObjectInfoOf,
  getSystemStats,
} from "./info.ts";
import { getJob, getJobs, postCancelJob, postCancelJobs } from "./jobs.ts";
import { getPrompt, getQueue, postFree, postInterrupt, postPrompt, postQueue } from "./prompt.ts";
import { postUploadImage, postUploadMask } from "./upload.ts";
import { getView } from "./view.ts";

type Handler = (call: Call, server: ServerProcess, parameter: string) => FakeResponse | Promise<FakeResponse>;

interface Route {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  readonly handle: Handler;
  /** First release with the route, if it is younger than all that are played here. */
  readonly from?: string;
  readonly apiOnly?: true;
}

const ROUTES: readonly Route[] = [
  { method: "POST", path: /^\/prompt$/, handle: postPrompt },
  { method: "GET", path: /^\/prompt$/, handle: getPrompt },
  { method: "GET", path: /^\/queue$/, handle: getQueue },
  { method: "POST", path: /^\/queue$/, handle: postQueue },
  { method: "POST", path: /^\/interrupt$/, handle: postInterrupt },
  { method: "POST", path: /^\/free$/, handle: postFree },
  { method: "GET", path: /^\/history$/, handle: getHistory },
  { method: "GET", path: /^\/history\/([^/]+)$/, handle: getHistoryOf },
  { method: "POST", path: /^\/history$/, handle: postHistory },
  { method: "GET", path: /^\/view$/, handle: getView },
  { method: "POST", path: /^\/upload\/image$/, handle: postUploadImage },
  { method: "POST", path: /^\/upload\/mask$/, handle: postUploadMask },
  { method: "GET", path: /^\/system_stats$/, handle: getSystemStats },
  { method: "GET", path: /^\/features$/, handle: getFeatures },
  { method: "GET", path: /^\/object_info$/, handle: getObjectInfo },
  { method: "GET", path: /^\/object_info\/([^/]+)$/, handle: getObjectInfoOf },
  { method: "GET", path: /^\/models$/, handle: getModelFolders },
  { method: "GET", path: /^\/models\/([^/]+)$/, handle: getModels },
  { method: "GET", path: /^\/embeddings$/, handle: getNone },
  { method: "GET", path: /^\/extensions$/, handle: getNone },
  { method: "GET", path: /^\/ws$/, handle: getWithoutUpgrade },
  { method: "GET", path: /^\/jobs$/, handle: getJobs, from: "0.6.0", apiOnly: true },
  { method: "GET", path: /^\/jobs\/([^/]+)$/, handle: getJob, from: "0.6.0", apiOnly: true },
  { method: "POST", path: /^\/jobs\/cancel$/, handle: postCancelJobs, from: "0.26.0", apiOnly: true },
  { method: "POST", path: /^\/jobs\/([^/]+)\/cancel$/, handle: postCancelJob, from: "0.26.0", apiOnly: true },
];

function getWithoutUpgrade(): FakeResponse {
  return textResponse(400, 'No WebSocket UPGRADE hdr: None\n Can "Upgrade" only to "WebSocket".');
}

/** The answer of the route for a call, or of the framework if there is none. */
export async function answer(call: Call, server: ServerProcess): Promise<FakeResponse> {
  const { version } = server.environment.options;
  if (call.method === "OPTIONS") return { status: 200, headers: [], body: null };
  const method = call.method === "HEAD" ? "GET" : call.method;
  for (const route of ROUTES) {
    if (route.method !== method || (route.apiOnly === true && !call.underApi)) continue;
    if (route.from !== undefined && !since(version, route.from)) continue;
    const match = route.path.exec(call.path);
    if (match !== null) return route.handle(call, server, decoded(match[1] ?? ""));
  }
  return method === "GET" ? notFound() : methodNotAllowed();
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
