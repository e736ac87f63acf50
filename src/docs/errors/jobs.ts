/** Why a job that was accepted ended without success: `error.code` of a job document. */
import type { JobErrorCode } from "../../contract/job.ts";
import type { ErrorDoc } from "../error-doc.ts";

export const jobErrors: Record<JobErrorCode, ErrorDoc> = {
  node_failed: {
    cause:
      "A node of the workflow raised an error while it ran. `message` has its words, `node_id` and `class_type` say which it was.",
    fix: "Read `message`: it is often a size that a model cannot take, or two inputs that do not fit together. Run the same graph in ComfyUI to see the whole error; the machine's own log has the trace.",
    example: `"error": {"code": "node_failed", "message": "KSampler: …", "node_id": "3", "class_type": "KSampler", "retryable": false}`,
  },
  invalid_workflow: {
    cause:
      "ComfyUI refused the graph: an input of a node has a value that the machine does not know, or a link does not fit.",
    fix: "`node_id` and `input` name the place. Most often a file is named that is not on this machine: `message` says which values it takes.",
    example: `"error": {"code": "invalid_workflow", "node_id": "4", "input": "sampler_name", "message": "…"}`,
  },
  out_of_memory: {
    cause: "The graphics card ran out of memory.",
    fix: "Make the picture smaller, make fewer at once, or use a smaller model. It may succeed when nothing else runs on the machine.",
    example: `{"workflow": "txt2img", "inputs": {"prompt": "a lighthouse in fog", "width": 768, "height": 512, "batch_size": 1}}`,
  },
  model_missing: {
    cause: "The workflow names a model file that the machine does not have.",
    fix: "Copy the file into ComfyUI's `models` folder, or name one that is there: as an input of the request, or for all requests in `WORKFLOW_DEFAULTS`.",
    example: `WORKFLOW_DEFAULTS = '{"checkpoint": "sd_xl_base_1.0.safetensors"}'`,
  },
  node_missing: {
    cause: "The workflow uses a node class that is not installed on the machine.",
    fix: "Install the custom node that brings it (`class_type` names the class) and restart ComfyUI, or use a workflow without it.",
    example: `"error": {"code": "node_missing", "class_type": "VHS_VideoCombine"}`,
  },
  input_unreadable: {
    cause: "An uploaded picture could not be handed to the machine, or the machine could not read it.",
    fix: "Upload it again, as PNG or JPEG, and create the job anew: uploads are kept for a day.",
    example: `curl $EASELCAST/v1/uploads -H "Authorization: Bearer $KEY" -H "Content-Type: image/png" --data-binary @cat.png`,
  },
  worker_lost: {
    cause: "The machine forgot the job twice: ComfyUI was restarted, crashed, or had its queue cleared while it ran.",
    fix: "Repeat the job. If it happens again with the same workflow, the run itself may bring ComfyUI down: look at its log for the last lines before the restart.",
    example: `curl -X POST $EASELCAST/v1/jobs/$ID/rerun -H "Authorization: Bearer $KEY"`,
  },
  backend_unreachable: {
    cause: "The machine stopped answering for a minute and more, and no other could take the job.",
    fix: "Check that it is on and that its tunnel is up, then repeat the job.",
    example: `curl $EASELCAST/v1/health -H "Authorization: Bearer $KEY"    # backends[].state and backends[].reason`,
  },
  backend_refused: {
    cause: "The machine's address answered 401 or 403: whatever guards it does not know this service.",
    fix: "For the owner: give the backend the headers that its guard asks for in `COMFY_BACKENDS`, for example a service token of Cloudflare Access.",
    example: `[{"id": "box", "url": "https://comfy.example.com", "headers": {"CF-Access-Client-Id": "…", "CF-Access-Client-Secret": "…"}}]`,
  },
  start_timeout: {
    cause: "The job did not begin within the time that it was given (`start_within_seconds`).",
    fix: "Give it more time or none, or add a machine. `queue.reason` of a waiting job says what it waits for.",
    example: `{"workflow": "txt2img", "deadline": {"start_within_seconds": 600}}`,
  },
  run_timeout: {
    cause:
      "The job did not end within the time that it was given (`finish_within_seconds`; an hour if you name none). It was stopped at the machine.",
    fix: "Give it more time, or fewer steps and a smaller size. The clock runs from the creation, so time in line counts.",
    example: `{"workflow": "txt2img", "deadline": {"finish_within_seconds": 7200}}`,
  },
  output_missing: {
    cause:
      "The run succeeded, and a result it named could not be fetched: the file was removed from the machine, or a picture sent by socket was missed.",
    fix: "Repeat the job. If it stays, look whether something empties ComfyUI's output folder.",
    example: `curl -X POST $EASELCAST/v1/jobs/$ID/rerun -H "Authorization: Bearer $KEY"`,
  },
  output_too_large: {
    cause: "A result is larger than 2 GiB, which is the most that is kept of one file.",
    fix: "Make it shorter or smaller, or save it in a format that packs better (WebP for PNG, MP4 for frames).",
    example: `"error": {"code": "output_too_large", "message": "An output of 3221225472 bytes is larger than this service keeps.", "node_id": "9"}`,
  },
  storage_failed: {
    cause: "The result could not be written into storage for a minute.",
    fix: "Repeat the job; with the same seed it makes the same picture.",
    example: `curl -X POST $EASELCAST/v1/jobs/$ID/rerun -H "Authorization: Bearer $KEY"`,
  },
  interrupted: {
    reserved: true,
    cause:
      "Somebody stopped the run at the machine itself, for example with ComfyUI's own stop button. Such a job ends as `canceled` now, without an error.",
    fix: "Repeat the job if it was not meant.",
    example: `curl -X POST $EASELCAST/v1/jobs/$ID/rerun -H "Authorization: Bearer $KEY"`,
  },
  internal: {
    cause: "A fault on our side, or the machine ended the run without saying how.",
    fix: "Repeat the job. If it stays, tell the owner of the deployment the job's id.",
    example: `curl -X POST $EASELCAST/v1/jobs/$ID/rerun -H "Authorization: Bearer $KEY"`,
  },
};
