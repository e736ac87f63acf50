/** Bodies that can be read and ask for something that cannot be done. */
import type { ErrorCode } from "../../contract/errors.ts";
import type { ErrorDoc } from "../error-doc.ts";

export const inputErrors = {
  invalid_inputs: {
    cause: "One or more fields are missing, unknown, of the wrong type or out of range. Nothing was created.",
    fix: "Each entry of `errors` has a JSON `pointer` to the field and a `detail` that says what it takes: show it beside the field. `GET /v1/workflows/{id}` gives the JSON Schema of a workflow's inputs, and `?validate_only=true` checks a request without creating anything.",
    example: `answer: "errors": [{"pointer": "#/inputs/steps", "code": "too_big", "detail": "At most 150, got 999."}]
curl "$EASELCAST/v1/jobs?validate_only=true" -H "Authorization: Bearer $KEY" \\
  -H "Content-Type: application/json" -d '{"workflow": "txt2img", "inputs": {"prompt": "a fox", "steps": 24}}'`,
  },
  invalid_workflow: {
    cause:
      "The raw graph is not one that ComfyUI could run: a link to a node that is not there, a circle, a node without a class, no output node.",
    fix: "`errors` points into the graph. Load the graph into ComfyUI, repair it there, and export it again with “Export (API)”.",
    example: `answer: "errors": [{"pointer": "#/graph/12/inputs/model", "code": "missing_node", "detail": "Links to node \\"4\\", which is not in the graph."}]
right:  {"graph": {"3": {"class_type": "KSampler", "inputs": {"model": ["4", 0]}}}}`,
  },
  workflow_format_ui: {
    cause:
      "The graph is in the editor's format, with `nodes` and `links`. That one holds the drawing; what runs is the API format.",
    fix: "In ComfyUI choose Workflow → Export (API) and send that file. It has node ids as keys and `class_type` in each node.",
    example: `wrong:  {"graph": {"nodes": [{"id": 3, "type": "KSampler"}], "links": []}}
right:  {"graph": {"3": {"class_type": "KSampler", "inputs": {}}}}`,
  },
  missing_upload: {
    cause:
      "An input names an upload that is not there: it is older than a day, belongs to another project or user, or was never finished.",
    fix: "Upload the file again and use the new id. Upload just before you create the job; sending bytes that are known costs nothing.",
    example: `curl $EASELCAST/v1/uploads -H "Authorization: Bearer $KEY" -H "Content-Type: image/png" --data-binary @cat.png`,
  },
  unreadable_image: {
    cause: "The bytes are no PNG, JPEG, WebP or GIF, or the file is damaged or ends early.",
    fix: "Convert the picture first (photos of iPhones are often HEIC: export them as JPEG). Compare the length you sent with the file's length.",
    example: `curl $EASELCAST/v1/uploads -H "Authorization: Bearer $KEY" -H "Content-Type: image/jpeg" --data-binary @photo.jpg`,
  },
  digest_mismatch: {
    cause:
      "`Content-Digest` is not the SHA-256 of the bytes that arrived: they were damaged on the way, or the digest is of something else.",
    fix: "Send the same file again. The digest is of the raw bytes of the picture, in base64, between colons.",
    example: `curl $EASELCAST/v1/uploads -H "Authorization: Bearer $KEY" -H "Content-Type: image/png" --data-binary @cat.png \\
  -H "Content-Digest: sha-256=:$(openssl dgst -sha256 -binary cat.png | base64):"`,
  },
  idempotency_mismatch: {
    cause: "This `Idempotency-Key` came before, with another body. A key stands for one request.",
    fix: "Repeat a request with exactly the body it had. For a new request take a new key. A body that holds the time or a random value differs at each try: make it once and keep it.",
    example: `Idempotency-Key: 7c9e6679-7425-40de-944b-e07fc1f90ae7    # one per tap, kept until the answer came`,
  },
  unsafe_url: {
    cause:
      "The address is one that this service does not call: not https, an IP address, a private or local name, or with a user name in it.",
    fix: "Give a public https address with a host name, on port 443 or 8443. For tries on your own machine, use a tunnel with a public name.",
    example: `wrong:  http://192.168.0.10/hook
right:  https://id.example.com/.well-known/jwks.json`,
  },
  content_rejected: {
    cause: "The project does not accept what the request asks for or what it sends.",
    fix: "Change the description or the picture. The same request will be refused again.",
    example: `{"workflow": "txt2img", "inputs": {"prompt": "a lighthouse in fog"}}`,
  },
  push_not_configured: {
    cause: "The request names a push provider that the project has not set up.",
    fix: "Set the provider up for the project, or leave push out and follow the job by its events.",
    example: "GET /v1/jobs/{id}/events",
  },
} as const satisfies Partial<Record<ErrorCode, ErrorDoc>>;
