/** The events that webhooks send, as the OpenAPI document's `webhooks`: one entry per type, with an example of its own. */
import { EVENT_TYPES, type EventType, WEBHOOK_HEADERS } from "../../src/contract/webhook.ts";
import { disabledEvent } from "../../src/core/webhook/events.ts";
import { pingEvent, sampleEvent } from "../../src/core/webhook/samples.ts";
import type { Node } from "./schemas.ts";

const AT = Date.parse("2026-11-20T07:12:01Z");
const STAMP = { id: "evt_01kag40f9x2v9m4t8r6c5n1d0z", at: AT, project: "prj_01kag3x7p2v9m4t8r6c5n1d0ze" };
const ENDPOINT = { id: "whe_01kag3x7p2v9m4t8r6c5n1d0ze", url: "https://app.example.com/hooks/easel" };

const SUMMARIES: Record<EventType, string> = {
  "job.started": "A job began to run (opt-in)",
  "job.progress": "A job came forward; at most one in 10 seconds (opt-in)",
  "job.output": "A result was stored (opt-in)",
  "job.succeeded": "A job has all its results",
  "job.failed": "A job ended without success",
  "job.canceled": "A job was stopped",
  "job.expired": "A job's time was over before it could be done",
  "job.deleted": "A job and its media were removed (opt-in)",
  "webhook.disabled": "Another endpoint of the project was disabled",
  "webhook.test": "A test that somebody sent by hand",
};

const HEADERS: Record<(typeof WEBHOOK_HEADERS)[number], { description: string; example: string }> = {
  "webhook-id": { description: "The event's id: the same in every attempt.", example: STAMP.id },
  "webhook-timestamp": { description: "When this attempt was sent, in seconds since 1970.", example: "1795158721" },
  "webhook-signature": {
    description: "`v1,` and an HMAC-SHA256, `v1a,` and an Ed25519 signature; several during a rotation.",
    example: "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
  },
  "easel-event-type": { description: "`type` of the event.", example: "job.succeeded" },
  "easel-job-id": { description: "The job, where the event is of one.", example: "job_01kag3x7p2v9m4t8r6c5n1d0ze" },
  "easel-delivery-id": {
    description: "The row of the ledger: `GET /v1/deliveries/{id}`.",
    example: "dlv_01kag40gm2v9m4t8r6c5n1d0ze",
  },
  "easel-attempt": { description: "The number of the attempt; above 10 for those by hand.", example: "1" },
};

const DESCRIPTION = `Check \`webhook-signature\` over \`webhook-id.webhook-timestamp.body\`, answer 2xx within 15 seconds and work afterwards.
Events come at least once and in any order: the same \`webhook-id\` is the same event, and a lower \`data.job.seq\` than one you have seen is stale.`;

/** Path items by the type of the event; schemas are refs that the document still has to close. */
export function webhooksOf(): Record<string, Node> {
  return Object.fromEntries(EVENT_TYPES.map((type) => [type, { post: operationOf(type) }]));
}

function operationOf(type: EventType): Node {
  const name = type.split(".").map(capital).join("");
  const sent = { schema: { $ref: `output:${name}Event` }, example: exampleOf(type) };
  return {
    operationId: `on${name}`,
    tags: ["Webhooks"],
    summary: SUMMARIES[type],
    description: DESCRIPTION,
    security: [],
    parameters: WEBHOOK_HEADERS.map((header) => ({
      name: header,
      in: "header",
      required: header !== "easel-job-id",
      description: HEADERS[header].description,
      schema: { type: "string" },
      example: header === "easel-event-type" ? type : HEADERS[header].example,
    })),
    requestBody: { required: true, content: { "application/json": sent } },
    responses: {
      "2XX": { description: "The receiver has it." },
      "3XX": { description: "A failure: redirects are not followed. It is tried again." },
      "410": { description: "The receiver wants no more events: the endpoint is disabled." },
      default: { description: "A failure: it is tried again, ten times in about 42 hours." },
    },
    "x-codeSamples": [{ lang: "Shell", label: "curl", source: sampleOf(type) }],
  };
}

function exampleOf(type: EventType): unknown {
  if (type === "webhook.test") return pingEvent(ENDPOINT.id, STAMP);
  if (type === "webhook.disabled") {
    const reason = "Nothing but failures since 2026-11-15T07:12:01Z, 34 in a row.";
    return disabledEvent(ENDPOINT, reason, AT - 5 * 86_400_000, { ...STAMP, mode: "live" });
  }
  return sampleEvent(type, { ...STAMP, origin: "https://api.example.com" });
}

/** How to have one sent. */
function sampleOf(type: EventType): string {
  const auth = '-H "Authorization: Bearer $KEY"';
  if (type === "webhook.disabled") return `curl "$EASELCAST/v1/event-log?type=${type}" \\\n  ${auth}`;
  const body = `-H "Content-Type: application/json" \\\n  -d '{"type":"${type}"}'`;
  return `curl -X POST "$EASELCAST/v1/webhooks/$ENDPOINT_ID/test" \\\n  ${auth} \\\n  ${body}`;
}

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
