/**
 * ComfyUI's version and what a server of that version can do. The thresholds are the first release tags that contain
 * each change (protocol §0); a client reads the version once per connection and branches on capabilities, not numbers.
 */

/** Major, minor, patch. */
export type ComfyVersion = readonly [number, number, number];

/** What depends on the server's version. */
export type Capabilities = {
  /** GET /api/jobs and /api/jobs/{id} exist. */
  readonly jobsApi: boolean;
  /** POST /api/jobs/{id}/cancel exists. */
  readonly jobsCancel: boolean;
  /** POST /interrupt looks at `prompt_id`; without this it stops whatever runs, whoever sent it. */
  readonly interruptByPromptId: boolean;
  /** A `prompt_id` that is no canonical lowercase UUID is refused. */
  readonly promptIdMustBeUuid: boolean;
  /** `extra_data.preview_method` turns previews on for one prompt. */
  readonly previewMethodPerPrompt: boolean;
  /** An interrupted job's status is `cancelled`; before, it is `failed`. */
  readonly cancelledStatus: boolean;
};

const SINCE: { readonly [name in keyof Capabilities]: ComfyVersion } = {
  jobsApi: [0, 6, 0],
  jobsCancel: [0, 26, 0],
  interruptByPromptId: [0, 3, 57],
  promptIdMustBeUuid: [0, 25, 0],
  previewMethodPerPrompt: [0, 5, 0],
  cancelledStatus: [0, 9, 0],
};

/** Reads `0.27.0`, `v0.3.64` or `0.27.0-3-gabc`; what follows the numbers is ignored. Null if there are no numbers. */
export function parseVersion(text: string): ComfyVersion | null {
  const match = /^\s*v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?(?!\d)/.exec(text);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : null;
}

/** Negative if `a` is the older one, zero if they are equal, positive if it is the newer one. */
export function compareVersions(a: ComfyVersion, b: ComfyVersion): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** What a server of this version can do. An unknown version can do nothing extra, and is taken to insist on UUIDs. */
export function capabilitiesOf(version: ComfyVersion | null): Capabilities {
  const since = (name: keyof Capabilities) => version !== null && compareVersions(version, SINCE[name]) >= 0;
  return {
    jobsApi: since("jobsApi"),
    jobsCancel: since("jobsCancel"),
    interruptByPromptId: since("interruptByPromptId"),
    promptIdMustBeUuid: version === null || since("promptIdMustBeUuid"),
    previewMethodPerPrompt: since("previewMethodPerPrompt"),
    cancelledStatus: since("cancelledStatus"),
  };
}
