/** Things that are not in the state that the request needs, or no longer there. */
import type { ErrorCode } from "../../contract/errors.ts";
import type { ErrorDoc } from "../error-doc.ts";

export const conflictErrors = {
  idempotency_in_progress: {
    cause: "The same request is being worked on at this moment.",
    fix: "Wait for `Retry-After` and send it again, unchanged: the answer will be that of the first.",
    example: "Idempotency-Key: order-17    # the same key and the same body",
  },
  id_conflict: {
    cause: "The body names an `id` under which another request has already made a job in this project.",
    fix: "If you are repeating a request, send exactly the same body: then it is a replay and gives you the job. For a new job make a new id: `job_` and a fresh ULID in lower case.",
    example: `{"id": "job_01kag3x7p2v9m4t8r6c5n1d0ze", "workflow": "txt2img", "inputs": {"prompt": "a lighthouse in fog"}}`,
  },
  job_not_finished: {
    cause: "The request needs a job that has ended, and this one is still going on.",
    fix: "Wait for the end (`terminal` is true), or cancel it first. A long poll tells you without asking again and again.",
    example: `curl $EASELCAST/v1/jobs/$ID -H "Authorization: Bearer $KEY" -H "Prefer: wait=25"`,
  },
  job_not_queued: {
    cause: "This can be changed only while the job waits in line, and it has left the line.",
    fix: "Set the priority when you create the job. A job that runs can still be canceled, and its metadata and retention can still be changed.",
    example: `{"workflow": "txt2img", "priority": "high", "inputs": {"prompt": "a lighthouse in fog"}}`,
  },
  no_lease: {
    cause: "The job was made without a presence lease, so there is none to renew.",
    fix: "Ask for a lease when you create the job, or stop renewing.",
    example: `{"workflow": "txt2img", "lease": {"seconds": 30}}`,
  },
  upload_in_use: {
    cause: "An unfinished job still reads this upload.",
    fix: "Delete it when the job has ended. Uploads go by themselves a day after they were sent.",
    example: "GET /v1/jobs?status=queued,running    # who may be using it",
  },
  share_limit: {
    cause: "The job has 20 open share links, which is as many as it may have.",
    fix: "Close one that nobody needs, or share one link with several people: it is good for any number of viewers.",
    example: `curl $EASELCAST/v1/jobs/$ID/shares -H "Authorization: Bearer $KEY"
curl -X DELETE $EASELCAST/v1/jobs/$ID/shares/$SHARE_ID -H "Authorization: Bearer $KEY"`,
  },
  endpoint_limit: {
    cause: "The project has 16 webhook endpoints, which is as many as it may have; those that are disabled count too.",
    fix: "Remove one that nobody needs, or let one endpoint take several events (`job.*` is all of a job's).",
    example: `curl $EASELCAST/v1/webhooks -H "Authorization: Bearer $KEY"
curl -X DELETE $EASELCAST/v1/webhooks/$ENDPOINT_ID -H "Authorization: Bearer $KEY"`,
  },
  endpoint_disabled: {
    cause:
      "The webhook endpoint is disabled or was deleted, so nothing can be sent to it: it failed for days, it answered 410, or somebody disabled it. `disabled_reason` says which.",
    fix: "Look into its deliveries for why they failed, repair that, send a test (a disabled endpoint can be tested), then enable it. After that redeliver or replay what it missed.",
    example: `curl -X POST $EASELCAST/v1/webhooks/$ENDPOINT_ID/test -H "Authorization: Bearer $KEY"
curl -X PATCH $EASELCAST/v1/webhooks/$ENDPOINT_ID -H "Authorization: Bearer $KEY" \\
  -H "Content-Type: application/json" -d '{"status": "enabled"}'`,
  },
  key_limit: {
    cause: "The project has 100 keys in force, which is as many as it may have.",
    fix: "Revoke keys that are no longer used. For phones make client tokens, which are not counted.",
    example: `curl $EASELCAST/v1/keys -H "Authorization: Bearer $KEY"
curl -X DELETE $EASELCAST/v1/keys/$KEY_ID -H "Authorization: Bearer $KEY"`,
  },
  key_ended: {
    cause: "The key that should be rotated was revoked or is over: there is nothing left to replace.",
    fix: "Make a new key with the scopes you need.",
    example: `curl -X POST $EASELCAST/v1/keys -H "Authorization: Bearer $KEY" \\
  -H "Content-Type: application/json" -d '{"name": "backend", "scopes": ["jobs:create", "jobs:read"]}'`,
  },
  last_admin_key: {
    cause:
      "This is the last key of the project with the scope `keys:write`: without it nobody could make keys any more.",
    fix: "Make another key with `keys:write` first, check that it works, then revoke this one. Or rotate it, which does both.",
    example: `curl -X POST $EASELCAST/v1/keys/$KEY_ID/rotate -H "Authorization: Bearer $KEY" \\
  -H "Content-Type: application/json" -d '{"overlap_seconds": 86400}'`,
  },
  job_expired: {
    cause: "The job's retention is over: the job, its results and its links were removed.",
    fix: "Download results that you want to keep, or ask for a longer retention (an hour to 90 days; 7 days if you name none), when you create the job or by `PATCH` before the time is over.",
    example: `{"workflow": "txt2img", "retention": {"expires_in_seconds": 2592000}}`,
  },
  job_deleted: {
    cause: "The job was deleted, with its results, previews, events and share links.",
    fix: "Take it out of your list. `GET /v1/changes` tells you of deletions in its `deleted`. There is no way back.",
    example: `curl "$EASELCAST/v1/changes?cursor=$CURSOR" -H "Authorization: Bearer $KEY"`,
  },
  media_expired: {
    cause: "The signed link to a file has ended. The file itself may still be there.",
    fix: "Read the job again and use the `url` it has now. Keep the job's id, and not the link, for later.",
    example: `curl $EASELCAST/v1/jobs/$ID -H "Authorization: Bearer $KEY"    # outputs[].url, good until outputs[].url_expires_at`,
  },
  media_deleted: {
    cause: "The file was removed: its job was deleted or its retention is over.",
    fix: "Make the picture again if you need it: the same workflow, inputs and seed give the same picture on the same machine.",
    example: `{"workflow": "txt2img", "inputs": {"prompt": "a lighthouse in fog", "seed": "918273645546372819"}}`,
  },
  share_expired: {
    cause: "The share link was made for a certain time, and that is over.",
    fix: "Make a new link; `expires_in_seconds` says for how long (a week if you do not say). A link never outlives the job's media.",
    example: `curl $EASELCAST/v1/jobs/$ID/shares -H "Authorization: Bearer $KEY" \\
  -H "Content-Type: application/json" -d '{"expires_in_seconds": 604800}'`,
  },
  share_revoked: {
    cause: "The owner of the job closed this link.",
    fix: "Ask the person who shared it for a new one. A closed link stays closed.",
    example: `curl $EASELCAST/v1/jobs/$ID/shares -H "Authorization: Bearer $KEY" -X POST`,
  },
  cursor_expired: {
    cause:
      "The cursor of `GET /v1/changes` is older than what is kept of changes (30 days), so a list of changes would have gaps.",
    fix: "Throw away what you have, ask without a cursor, and go on from the `next_cursor` of that answer.",
    example: `curl $EASELCAST/v1/changes -H "Authorization: Bearer $KEY"`,
  },
  version_conflict: {
    cause: "`If-Match` names a version that is no longer the newest: somebody changed it in between.",
    fix: "Read it again, apply your change to what is there now, and send that with the new ETag.",
    example: `If-Match: "4"`,
  },
} as const satisfies Partial<Record<ErrorCode, ErrorDoc>>;
