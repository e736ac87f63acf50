/** What the API document says of the API as a whole, and of each group of calls. */

export const TITLE = "Easelcast";

export const SUMMARY = "ComfyUI behind an API that mobile apps can trust.";

/** Markdown. */
export const INTRODUCTION = `A request becomes a job; the job runs on a ComfyUI somewhere, tells its progress live, stores its results, and ends in exactly one
of \`succeeded\`, \`failed\`, \`canceled\` and \`expired\`, whatever dies on the way.

## Who is calling

Your server holds a **secret key** (\`ec_sk_…\`), which reaches everything in its project; one that a browser sends is refused.
Your app holds a **client token** (\`ec_ct_…\`): your server asks for one per user, it lives for minutes, and it reaches that user's rows alone.
If your app signs people in with an OpenID Connect service, the project can accept **its tokens** as they are, and no token server is needed.
All three are sent as \`Authorization: Bearer …\`; a browser's WebSocket, which cannot send headers, opens with a single-use **ticket** instead.
Each call names the scope it asks for, and \`GET /v1/me\` tells what a credential has and what is left of its limits.

## What holds everywhere

- Bodies are JSON in UTF-8, names are snake_case, times are RFC 3339 in UTC with whole seconds, durations are whole numbers called \`…_ms\` or \`…_seconds\`.
- In answers absent values are \`null\` and never left out. Ignore fields you do not know.
- Lists of words may grow: \`x-extensible-enum\` names those of today. Take a word you do not know for "something new".
- A create can be repeated safely: by an \`Idempotency-Key\`, or by an \`id\` that the app has made itself.
- \`seq\` counts the visible changes of a job. It is the ETag, the cursor of polling and the cursor of the live stream. A 304 costs nothing.
- Webhooks follow [Standard Webhooks](https://www.standardwebhooks.com): an endpoint of the project or a job's own \`webhook\` is sent small signed events,
  at least once, in any order; drop what has a lower \`seq\` than you have seen. \`GET /v1/deliveries\` says of each attempt what came of it, and why.
- Errors are \`application/problem+json\` with a \`code\` that has [a page of its own](/errors), and a \`user_message\` in the language of \`Accept-Language\`
  (en, de, es, fr, pt-BR, ja, ko, zh-Hans, hi, ar).
`;

/** Groups of calls, in the order of the document. */
export const TAGS = {
  Jobs: "Create, read, list, change, cancel, repeat and delete jobs, and catch up with what changed.",
  Live: "Watch a job as it is made, over WebSocket or server-sent events.",
  Uploads: "Pictures that workflows take as inputs. They are kept for a day.",
  Workflows: "What can be run, with a JSON Schema of the inputs.",
  Media: "Results, by signed link for image loaders and untouched for their owner.",
  Shares: "Links by which anyone can watch one job, and nothing else.",
  Public: "What a share link opens. No credential is needed: the token in the path is the leave.",
  Tokens: "Client tokens for apps, made by your server.",
  Webhooks: "Events of jobs sent to your server: endpoints, their secrets, the ledger of deliveries, the event log.",
  Keys: "Secret keys of the project: make, list, rotate, revoke.",
  Account: "The caller, the project, its limits and its use.",
  Meta: "Whether the service is well.",
} as const;

/** How a credential is sent, by the names that operations use. */
export const SECURITY_SCHEMES = {
  secretKey: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "ec_sk_…",
    description: "A secret key of the project. For servers only: it is refused from browsers.",
  },
  clientToken: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "ec_ct_…",
    description: "A client token: made by your server for one user, valid for minutes.",
  },
  userToken: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description:
      "A token of a sign-in service that the project accepts. `Easel-Project` names the project where there are several.",
  },
  ticket: {
    type: "apiKey",
    in: "query",
    name: "ticket",
    description: "A ticket from `POST /v1/tickets`: one stream of one job, once, within 30 seconds.",
  },
} as const;

/** What parameters are and look like where a route does not say so. */
export const PARAMETERS: Record<string, { description: string; example?: string }> = {
  validate_only: { description: "`true`: check the request and tell what would be created, without creating it." },
  token: { description: "The token of a share link, as it stands in the link." },
  sig: { description: "The signature, as it stands in `outputs[].url`." },
  file: { description: "The variant and its extension, as they stand in `outputs[].url`.", example: "original.png" },
  variant: { description: "Which copy of the result.", example: "original" },
  output_id: { description: "A result of a job." },
  sha256: { description: "SHA-256 of the bytes, as 64 hex digits." },
  user: { description: "Your own id of an end user.", example: "u_42" },
  after: { description: "The `seq` of the last event seen.", example: "51" },
  previews: { description: "How previews come: `binary`, `url`, `inline` or `none`.", example: "url" },
  download: { description: "With it, the file is offered for saving.", example: "1" },
  prefer: { description: "`wait` or `wait=n`: hold the answer up to n seconds (25, at most 55).", example: "wait=25" },
  "if-none-match": { description: "The ETag that you have: 304 if it is still the newest.", example: 'W/"51"' },
  range: { description: "A part of the file (RFC 9110).", example: "bytes=0-65535" },
};

/** Calls that a first reader needs, by operation id, in the order of a first hour. */
export const MAIN_CALLS = [
  "listWorkflows",
  "createJob",
  "getJob",
  "watchJob",
  "cancelJob",
  "createUpload",
  "createShare",
  "createClientToken",
  "createWebhook",
  "listChanges",
  "getMe",
] as const;
