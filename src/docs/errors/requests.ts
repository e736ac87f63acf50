/** Requests that are not what the address takes. */
import type { ErrorCode } from "../../contract/errors.ts";
import type { ErrorDoc } from "../error-doc.ts";

export const requestErrors = {
  invalid_json: {
    cause:
      "The body was announced as JSON and cannot be read as JSON: a comma too many, single quotes, a cut-off end, or bytes that are not UTF-8.",
    fix: "Make the body with your language's JSON encoder instead of joining strings, and send it as UTF-8. In a shell, put it between single quotes so that its double quotes arrive.",
    example: `wrong:  {'workflow': 'txt2img',}
right:  {"workflow": "txt2img", "inputs": {"prompt": "a lighthouse in fog"}}`,
  },
  invalid_parameter: {
    cause: "A parameter of the query, or a part of a multipart body, has a value that it cannot have.",
    fix: "Each entry of `errors` names one in `pointer` and says in `detail` what it takes. A cursor is taken from `next_cursor` as it is, never made or changed.",
    example: `wrong:  GET /v1/jobs?limit=1000
answer: "errors": [{"pointer": "#/limit", "code": "invalid_parameter", "detail": "1 to 100."}]
right:  GET /v1/jobs?limit=100`,
  },
  invalid_header: {
    cause:
      "A header has a value that it cannot have: an `Idempotency-Key` with a space in it, an `Easel-Project` that is no project id, a header that is far too long.",
    fix: "`detail` names the header and what it takes. An `Idempotency-Key` is 1 to 255 letters, digits and `_ . : -`, and a UUID is a good one.",
    example: `wrong:  Idempotency-Key: order 17
right:  Idempotency-Key: order-17`,
  },
  not_found: {
    cause:
      "There is nothing at this address, or nothing that your credential reaches: what belongs to another project or another user looks exactly as if it did not exist.",
    fix: "Compare the id with the one you were given, to the last character. Check that the credential is of the project that made it, and, for a client token, of the same user. `/openapi.json` lists all addresses.",
    example: `curl $EASELCAST/v1/jobs/job_01kag3x7p2v9m4t8r6c5n1d0ze -H "Authorization: Bearer $KEY"
curl $EASELCAST/v1/me -H "Authorization: Bearer $KEY"    # which project and user this credential is of`,
  },
  workflow_not_found: {
    cause: "No workflow has the name (or the version) that the request gives.",
    fix: "`GET /v1/workflows` lists the names. Give a name alone for the newest version, or `name@version` for one that stays the same.",
    example: `curl $EASELCAST/v1/workflows -H "Authorization: Bearer $KEY"
{"workflow": "txt2img@1", "inputs": {"prompt": "a lighthouse in fog"}}`,
  },
  replay_not_kept: {
    cause: "The recording of how the picture was made is not there: it was not kept, or its time is over.",
    fix: "Show the finished picture instead. Recordings stay as long as the job's media.",
    example: "GET /v1/jobs/{id}    # outputs[].url has the result itself",
  },
  method_not_allowed: {
    cause: "The address exists and takes other methods than the one that was used.",
    fix: "Use one of those in the answer's `Allow` header. Look for a redirect that turned your POST into a GET, as from http to https.",
    example: `wrong:  GET  /v1/jobs/{id}/cancel
answer: 405, Allow: POST
right:  POST /v1/jobs/{id}/cancel`,
  },
  not_acceptable: {
    cause: "The `Accept` header leaves no format that this address can give.",
    fix: "Leave `Accept` out, or accept `application/json`; for events, `text/event-stream`.",
    example: `wrong:  Accept: application/xml
right:  Accept: application/json`,
  },
  payload_too_large: {
    cause:
      "The body is larger than may be sent: 1.2 MB of JSON, a graph of 1 MiB, an upload of 25 MiB. Reading stops there.",
    fix: "Make a picture smaller before you upload it (2048 pixels on the long side are plenty for most workflows). Do not put pictures into JSON: upload them, and give their id.",
    example: `curl $EASELCAST/v1/uploads -H "Authorization: Bearer $KEY" -H "Content-Type: image/jpeg" --data-binary @photo.jpg
{"workflow": "img2img", "inputs": {"image": "upl_01kag3x7p2v9m4t8r6c5n1d0ze"}}`,
  },
  unsupported_media_type: {
    cause: "The `Content-Type` is missing or is none that this address reads.",
    fix: "JSON bodies are sent as `application/json`. An upload is sent as what it is (`image/png`, `image/jpeg`, `image/webp`, `image/gif`) or as `multipart/form-data` with a part named `file`.",
    example: `curl $EASELCAST/v1/jobs -H "Authorization: Bearer $KEY" \\
  -H "Content-Type: application/json" -d '{"workflow": "demo"}'`,
  },
  range_not_satisfiable: {
    cause: "The `Range` header asks for bytes past the end of the file.",
    fix: "The answer's `Content-Range` tells how long the file is. A download that already has every byte is complete: do not resume it.",
    example: `Range: bytes=5000000-
answer: 416, Content-Range: bytes */1848320`,
  },
  upgrade_required: {
    cause: "This address gives events, and the request asked for something else.",
    fix: "Ask for a WebSocket (`Upgrade: websocket`, subprotocol `easel.live.v1`) or for server-sent events (`Accept: text/event-stream`). To poll instead, read the job itself.",
    example: `curl -N $EASELCAST/v1/jobs/$ID/events -H "Authorization: Bearer $KEY" -H "Accept: text/event-stream"`,
  },
} as const satisfies Partial<Record<ErrorCode, ErrorDoc>>;
