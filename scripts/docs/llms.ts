/** The API for readers that are programs: /llms.txt in short, /llms-full.txt with every call and every error. */
import { EVENT_TYPES } from "../../src/contract/webhook.ts";
import { INTRODUCTION, MAIN_CALLS, SUMMARY, TITLE } from "../../src/docs/introduction.ts";
import { operationsOf } from "./openapi.ts";
import type { Node } from "./schemas.ts";

type Call = { method: string; path: string; operation: Node };

const FIRST = `Set \`EASELCAST\` to the address of the deployment and \`KEY\` to a secret key, then run the calls below as they stand;
\`JOB_ID\` and its like are ids from earlier answers.`;

/** The files, by path under the public folder. `errorsMarkdown` are the pages of all errors. */
export function llmsFiles(document: Node, errorsMarkdown: readonly string[]): Map<string, string> {
  const calls = operationsOf(document);
  return new Map([
    ["llms.txt", shortText(calls)],
    ["llms-full.txt", fullText(calls, errorsMarkdown)],
  ]);
}

const HEAD = `# ${TITLE}\n\n> ${SUMMARY}\n\n${INTRODUCTION}`;

function shortText(calls: readonly Call[]): string {
  const main = MAIN_CALLS.map((id) => {
    const call = calls.find(({ operation }) => operation.operationId === id);
    if (!call) throw new Error(`There is no call of the name ${id}.`);
    return `### ${call.operation.summary}\n\n\`\`\`sh\n${curlOf(call)}\n\`\`\`\n`;
  });
  const every = calls.map(
    ({ method, path, operation }) => `- \`${method.toUpperCase()} ${path}\`: ${operation.summary}`,
  );
  return `${HEAD}
## Main calls

${FIRST}

${main.join("\n")}
## Every call

${every.join("\n")}

## Webhooks

Events are \`POST\`ed to the endpoints of the project (\`POST /v1/webhooks\`) and to a job's own \`webhook.url\`, as
[Standard Webhooks](https://www.standardwebhooks.com) says: check \`webhook-signature\` over \`webhook-id.webhook-timestamp.body\` with the
endpoint's \`whsec_\` secret (for a job's own URL that of \`GET /v1/webhook-secret\`), answer 2xx within 15 seconds, work afterwards. Ten attempts in about 42 hours; at
least once, in any order: the same \`webhook-id\` is the same event, a lower \`data.job.seq\` than one seen is stale. \`GET /v1/deliveries\` says why
one failed, \`POST /v1/deliveries/{id}/redeliver\` sends it again. Events: ${EVENT_TYPES.map((type) => `\`${type}\``).join(", ")}.

## More

- [Every call in full](/llms-full.txt): descriptions, curls and all errors in one text
- [OpenAPI 3.1 document](/openapi.json): schemas of every request and answer
- [Errors](/errors.md): each code has a page with cause, fix and an example, also as /errors/{code}.md
- [API reference](/docs): the same for people
`;
}

function fullText(calls: readonly Call[], errorsMarkdown: readonly string[]): string {
  const sections = calls.map((call) => {
    const { method, path, operation } = call;
    return `## ${method.toUpperCase()} ${path}

${operation.summary}. ${operation.description}

\`\`\`sh
${curlOf(call)}
\`\`\`

${answersOf(operation)}
`;
  });
  return `${HEAD}\n${FIRST}\n\n${sections.join("\n")}\n${errorsMarkdown.join("\n")}`;
}

function curlOf({ operation }: Call): string {
  const [sample] = operation["x-codeSamples"] as { source: string }[];
  return sample?.source ?? "";
}

function answersOf(operation: Node): string {
  const responses = operation.responses as Record<string, Node>;
  return Object.entries(responses)
    .map(([status, { description }]) => `- ${status}: ${description}`)
    .join("\n");
}
