/** Limits, and trouble on the side of the service. */
import type { ErrorCode } from "../../contract/errors.ts";
import type { ErrorDoc } from "../error-doc.ts";

export const limitErrors = {
  rate_limited: {
    cause:
      "More requests came in a short time than the limit allows: of this credential, or wrong credentials from one address.",
    fix: "Wait for `Retry-After`, then go on more slowly. The `RateLimit` header tells how many are left. Do not poll in a loop: a long poll (`If-None-Match` with `Prefer: wait`) or a stream costs one request, and a 304 costs none.",
    example: `answer: 429, Retry-After: 12, RateLimit: "read";r=0;t=12
curl $EASELCAST/v1/jobs/$ID -H "Authorization: Bearer $KEY" -H 'If-None-Match: W/"51"' -H "Prefer: wait=25"`,
  },
  quota_exceeded: {
    cause:
      "The jobs or the uploaded bytes of the day are used up: those of the project, of the user, or of the token. `detail` says which. Nothing was created or counted.",
    fix: "Try again after `Retry-After`: days begin at midnight UTC. `GET /v1/me` shows every limit and what is left; with a secret key, `PATCH /v1/project` changes limits.",
    example: `curl $EASELCAST/v1/me -H "Authorization: Bearer $KEY"    # quotas[].remaining, quotas[].resets_at`,
  },
  concurrency_limited: {
    cause: "As many of these jobs are running as may run at once.",
    fix: "Wait until one ends, or cancel one. `GET /v1/me` shows the limit.",
    example: `curl "$EASELCAST/v1/jobs?status=running" -H "Authorization: Bearer $KEY"`,
  },
  queue_full: {
    cause: "As many jobs are unfinished as may be: of the project, of the user, or of the token. Nothing was created.",
    fix: "Wait until one ends, or cancel those that nobody waits for any more. `GET /v1/me` shows the limit `queue_places`.",
    example: `curl "$EASELCAST/v1/jobs?status=queued" -H "Authorization: Bearer $KEY"
curl -X POST $EASELCAST/v1/jobs/$ID/cancel -H "Authorization: Bearer $KEY"`,
  },
  too_many_streams: {
    cause: "As many live streams are open as may be open at once.",
    fix: "Close streams of jobs that have ended or that nobody looks at (an app in the background). For a list of jobs, poll `GET /v1/changes` instead of following each.",
    example: `curl "$EASELCAST/v1/changes?cursor=$CURSOR" -H "Authorization: Bearer $KEY"`,
  },
  too_many_viewers: {
    cause: "More people are watching this link than can have a stream of their own.",
    fix: "Poll the link's state instead; the live page does so by itself.",
    example: "GET /s/{token}/state",
  },
  internal: {
    cause: "A fault on our side. It was logged under the `request_id` of the answer; nothing about it depends on you.",
    fix: "Send the same request again. With an `Idempotency-Key` or an `id` of your own that is always safe: a job that was made all the same is given back to you. If it stays, tell the owner of the deployment the `request_id`.",
    example: `curl $EASELCAST/v1/jobs -H "Authorization: Bearer $KEY" -H "Idempotency-Key: order-17" \\
  -H "Content-Type: application/json" -d '{"workflow": "demo"}'`,
  },
  backend_error: {
    cause: "ComfyUI answered with an error to something that was asked of it directly.",
    fix: "Try again in a moment. `GET /v1/health`, with the owner's key, tells how the machines are.",
    example: `curl $EASELCAST/v1/health -H "Authorization: Bearer $KEY"`,
  },
  unavailable: {
    cause: "The service, or the sign-in service whose keys it needs, is busy or cannot be reached for a moment.",
    fix: "Wait for `Retry-After` and send the same request again, with growing waits and a little chance in them.",
    example: "waits of random(0, 1 s), random(0, 2 s), random(0, 4 s) …, at most 20 s",
  },
  no_workers: {
    cause: "No machine is there that could take this job.",
    fix: "Send it again later, or without asking for an immediate start: a job that may wait is kept until a machine is back.",
    example: `{"workflow": "txt2img", "deadline": {"finish_within_seconds": 3600}}`,
  },
  maintenance: {
    cause: "The deployment is being looked after and takes no requests.",
    fix: "Wait for `Retry-After`, then send the same request again. Jobs that were accepted before go on.",
    example: `curl $EASELCAST/v1/health`,
  },
  misconfigured: {
    cause:
      "A variable or secret of this deployment is missing or wrong. The service refuses to work by halves, so every route answers this.",
    fix: "For the owner: `GET /v1/health` names each variable and how to put it right; deploy again after that. Callers can do nothing.",
    example: `curl $EASELCAST/v1/health
"checks": [{"name": "SIGNING_SECRET", "ok": false, "detail": "…"}]`,
  },
  backend_timeout: {
    cause: "ComfyUI did not answer in time to something that was asked of it directly.",
    fix: "Try again in a moment. If it stays, look at the machine: it may be out of memory or asleep.",
    example: `curl $EASELCAST/v1/health -H "Authorization: Bearer $KEY"`,
  },
} as const satisfies Partial<Record<ErrorCode, ErrorDoc>>;
