/** Who is calling, and what that credential may do. */
import type { ErrorCode } from "../../contract/errors.ts";
import type { ErrorDoc } from "../error-doc.ts";

export const accessErrors = {
  unauthenticated: {
    cause:
      "The request carries no credential, or one that is not valid here: mistyped, cut off, forged, or made by another deployment.",
    fix: "Send `Authorization: Bearer` and a secret key (`ec_sk_…`), a client token (`ec_ct_…`) or a sign-in token of an issuer that the project accepts. Look for a line break or quotes that were copied along. Keys carry a checksum, so `detail` can tell a damaged key from a wrong one.",
    example: `curl $EASELCAST/v1/me -H "Authorization: Bearer $KEY"`,
  },
  token_expired: {
    cause: "The client token, the sign-in token or the ticket was valid and its time is over.",
    fix: "Get a new one and repeat the same request. Ask your server for the next client token after `refresh_after_ms`, before the old one ends; check the device's clock if tokens seem to end early. A ticket is good for 30 seconds: make it just before you open the stream.",
    example: `curl $EASELCAST/v1/client-tokens -H "Authorization: Bearer $KEY" \\
  -H "Content-Type: application/json" -d '{"user": "u_42", "ttl_seconds": 900}'`,
  },
  token_revoked: {
    cause: "All tokens of this user that were made before a certain moment were revoked.",
    fix: "Let the person sign in again, then make a new token. If your server revokes tokens itself, check why it did.",
    example: `DELETE /v1/users/u_42/tokens    # what revoked it
POST   /v1/client-tokens        # what gives the next one`,
  },
  key_revoked: {
    cause: "The secret key was revoked, its end has come, or it was rotated and the overlap is over.",
    fix: "Use the key that replaced it: the answer of the rotation showed it once. `GET /v1/keys`, with another key, tells which keys are in force.",
    example: `curl $EASELCAST/v1/keys -H "Authorization: Bearer $OTHER_KEY"`,
  },
  ticket_used: {
    cause: "The ticket opened a stream before. A ticket opens one stream, once.",
    fix: "Make a new ticket for each connection, also when you reconnect. A link preview or a second tab may have used it first.",
    example: `curl $EASELCAST/v1/tickets -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" -d '{"job_id": "job_01kag3x7p2v9m4t8r6c5n1d0ze"}'`,
  },
  insufficient_credits: {
    cause: "The account has no credit left for this request.",
    fix: "Top it up, then repeat the request.",
    example: "GET /v1/me    # what is left",
  },
  scope_missing: {
    cause:
      "The credential is valid and lacks the scope that this call asks for. `detail` names the scope and those it has.",
    fix: "Use a credential with that scope: make a key with it (`POST /v1/keys`), or ask for it when the client token is made. Client tokens can hold only scopes of the app's own user; the others are for servers.",
    example: `answer: "detail": "This needs the scope jobs:delete; the credential has jobs:read."
{"user": "u_42", "scopes": ["jobs:create", "jobs:read", "jobs:delete"]}`,
  },
  secret_key_in_browser: {
    cause:
      "A secret key arrived in a request with `Origin` or `Sec-Fetch-Site`: a browser sent it, so it stands in a page that others can read.",
    fix: "Take the key as known to everybody: rotate it now. Keep keys on your server, and give apps client tokens, which are short-lived and reach one user's rows.",
    example: `curl -X POST $EASELCAST/v1/keys/$KEY_ID/rotate -H "Authorization: Bearer $KEY" \\
  -H "Content-Type: application/json" -d '{"overlap_seconds": 0}'`,
  },
  origin_not_allowed: {
    cause: "The credential is bound to certain web origins, and the request came from another.",
    fix: "Add the origin to the list, with scheme and port as the browser sends them.",
    example: "Origin: https://app.example.com",
  },
  graph_not_allowed: {
    cause:
      "The request sends a raw graph. Either the credential lacks the scope `graph:submit`, or the graph has a node that reads files, runs code or calls out, which is refused unless the owner has allowed it.",
    fix: "Name a workflow and its inputs instead. If a node was refused, `errors` names it: take it out, or ask the owner of the deployment to list its class in `ALLOWED_NODES`.",
    example: `{"workflow": "txt2img", "inputs": {"prompt": "a lighthouse in fog"}}`,
  },
  workflow_not_allowed: {
    cause: "The token was made for certain workflows, and this is none of them. `detail` lists them.",
    fix: "Run one of those, or name this one when your server makes the token. Without `workflows` a token may run all.",
    example: `{"user": "u_42", "workflows": ["txt2img", "img2img"]}    # body of POST /v1/client-tokens`,
  },
  webhook_not_allowed: {
    cause: "A token names a webhook address, which only a secret key may do.",
    fix: "Leave `webhook` out of requests from phones, and register the address once with your secret key.",
    example: `{"workflow": "txt2img", "inputs": {"prompt": "a lighthouse in fog"}}`,
  },
  embed_not_allowed: {
    cause: "The share link was made without leave to be shown inside other pages.",
    fix: "Make a link with `allow_embed`, or link to the page instead of embedding it.",
    example: `{"reveal": ["previews", "outputs"], "allow_embed": true}`,
  },
  not_revealed: {
    cause:
      "The share link shows the job but not this part of it: previews, results or downloads were left out by who made it.",
    fix: "Make a link that reveals it, and share that one. What a link shows is fixed when it is made.",
    example: `curl $EASELCAST/v1/jobs/$ID/shares -H "Authorization: Bearer $KEY" \\
  -H "Content-Type: application/json" -d '{"reveal": ["previews", "outputs"], "allow_download": true}'`,
  },
  attestation_required: {
    cause: "The app has to prove that it is the genuine one, and the request carries no proof.",
    fix: "Attest with App Attest or Play Integrity and send the result with the request.",
    example: "GET /v1/me    # what this credential still needs",
  },
  bad_signature: {
    cause:
      "The signature in a media link does not fit the rest of the link: it was shortened, changed, or made by another deployment.",
    fix: "Use `outputs[].url` exactly as the job has it, and do not build such links yourself. If it came out of a cache or a chat, read the job again.",
    example: `curl $EASELCAST/v1/jobs/$ID -H "Authorization: Bearer $KEY"    # outputs[].url`,
  },
  user_blocked: {
    cause: "The project has blocked this user.",
    fix: "Lift the block from your server if it was a mistake.",
    example: "GET /v1/me    # the user this credential is of",
  },
} as const satisfies Partial<Record<ErrorCode, ErrorDoc>>;
