/** A curl for each operation, made from its own example. It runs as it stands once the variables it names are set. */
import { isNode, type Node } from "./schemas.ts";

/** What ids in paths are called in a shell, by the type that an id begins with, else by the parameter's name. */
const ID_VARIABLES: Record<string, string> = {
  job: "$JOB_ID",
  upl: "$UPLOAD_ID",
  out: "$OUTPUT_ID",
  shr: "$SHARE_ID",
  key: "$KEY_ID",
  prj: "$PROJECT_ID",
  whe: "$ENDPOINT_ID",
  dlv: "$DELIVERY_ID",
  evt: "$EVENT_ID",
};
const NAME_VARIABLES: Record<string, string> = {
  token: "$SHARE_TOKEN",
  output_id: "$OUTPUT_ID",
  sig: "$SIGNATURE",
  file: "$FILE",
  sha256: "$SHA256",
};

type Parameter = { name: string; in: string; required?: boolean; example?: unknown; schema?: Node };

/** The sample's text. */
export function curlOf(method: string, path: string, operation: Node): string {
  const parameters = (operation.parameters ?? []) as Parameter[];
  const url = path.replace(/\{(\w+)\}/g, (_, name: string) => pathValue(parameters.find((one) => one.name === name)));
  const query = parameters
    .filter((one) => one.in === "query" && one.required)
    .map(({ name, example }) => `${name}=${encodeURIComponent(String(example ?? ""))}`);
  const address = `$EASELCAST${url}${query.length > 0 ? `?${query.join("&")}` : ""}`;
  // An address that may ask for an upgrade gives events.
  const streams = isNode(operation.responses) && "426" in operation.responses;
  const security = operation.security as Node[] | undefined;
  const lines = [
    `curl ${streams ? "-N " : ""}${flagOf(method)}"${address}"`,
    ...(security && security.length > 0 ? ['-H "Authorization: Bearer $KEY"'] : []),
    ...(streams ? ['-H "Accept: text/event-stream"'] : []),
    ...bodyOf(operation.requestBody),
    ...(givesFile(operation.responses) ? ["-o picture.png"] : []),
  ];
  return lines.join(" \\\n  ");
}

function flagOf(method: string): string {
  if (method === "get") return "";
  return method === "head" ? "--head " : `-X ${method.toUpperCase()} `;
}

/** Whether the answer is a file, which nobody wants in a terminal. */
function givesFile(responses: unknown): boolean {
  const answer = isNode(responses) ? responses["200"] : null;
  const types = isNode(answer) && isNode(answer.content) ? Object.keys(answer.content) : [];
  return types.some((type) => type.startsWith("image/") || type === "application/octet-stream");
}

function pathValue(parameter: Parameter | undefined): string {
  const { name = "", example, schema } = parameter ?? {};
  const prefix = /^\^([a-z]{3})_/.exec(String(schema?.pattern ?? ""))?.[1] ?? "";
  const variable = ID_VARIABLES[prefix] ?? NAME_VARIABLES[name];
  return variable ?? encodeURIComponent(String(example ?? name));
}

function bodyOf(requestBody: unknown): string[] {
  if (!isNode(requestBody)) return [];
  const content = requestBody.content as Record<string, Node>;
  const json = content["application/json"];
  if (!json) {
    const raw = Object.keys(content).find((type) => !type.startsWith("multipart/"));
    return [`-H "Content-Type: ${raw}" --data-binary @picture.png`];
  }
  const body = JSON.stringify(json.example ?? {}).replaceAll("'", "'\\''");
  // An id of the example is nobody's: the shell's variable takes its place.
  const named = body.replace(/"(\w+_id)":"([a-z]{3})_\w{26}"/g, (field, key: string, type: string) =>
    ID_VARIABLES[type] === undefined ? field : `"${key}":"'"${ID_VARIABLES[type]}"'"`,
  );
  return ['-H "Content-Type: application/json"', `-d '${named}'`];
}
