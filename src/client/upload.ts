/**
 * Uploading a picture: not at all where the service has these bytes of this person already, and with progress where the
 * platform can tell: by XMLHttpRequest, else by a stream that is read as it is sent, else only nothing and all.
 */
import type { Upload } from "../contract/api.ts";
import type { Fetch, Http } from "./http.ts";
import { ASK_ABOVE_BYTES, CHUNK_BYTES, UPLOAD_TIMEOUT_MS } from "./limits.ts";

/** A picture: bytes, or a file as the person chose it. */
export type UploadData = Uint8Array<ArrayBuffer> | ArrayBuffer | Blob;

export type UploadOptions = {
  /** As in `image/jpeg`; the Blob's own type unless told. */
  contentType?: string;
  /** Called with the share that was sent, from 0 to 1, never falling. */
  onProgress?(share: number): void;
  signal?: AbortSignal;
};

/** Uploads the picture. Repeats are safe: the same bytes are the same upload. */
export async function upload(http: Http, data: UploadData, options: UploadOptions = {}): Promise<Upload> {
  const { onProgress, signal } = options;
  const { type, size: sizeBytes = (data as ArrayBuffer).byteLength } = data as Partial<Blob>;
  let sent = 0;
  const report = (share: number) => {
    if (share > sent) onProgress?.(share);
    sent = Math.max(sent, share);
  };
  onProgress?.(0);
  const byXhr = onProgress && globalThis.XMLHttpRequest;
  // Service workers have no XMLHttpRequest, and not all of them send streams.
  const byStream = onProgress && !byXhr && !globalThis.ServiceWorkerGlobalScope;
  const stored =
    (sizeBytes > ASK_ABOVE_BYTES && (await findKnown(http, data, signal))) ||
    (await http.call<Upload>("POST", "/v1/uploads", {
      headers: { "content-type": options.contentType || type || "application/octet-stream" },
      signal,
      timeoutMs: UPLOAD_TIMEOUT_MS,
      // A stream that failed may have failed for being one.
      body: (attempt) => (byStream && !attempt ? streamOf(new Blob([data]), report) : { body: data }),
      fetch: byXhr ? xhrFetch(report) : undefined,
    }));
  report(1);
  return stored;
}

/** The upload of these bytes if there is one. Not known, or not told: then it is sent. */
async function findKnown(http: Http, data: UploadData, signal: AbortSignal | undefined): Promise<Upload | null> {
  if (!globalThis.crypto?.subtle) return null;
  const digest = await crypto.subtle.digest("SHA-256", await new Response(data).arrayBuffer());
  const hash = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return http.call<Upload>("GET", `/v1/uploads/by-hash/${hash}`, { signal }).catch(() => null);
}

/** A body that is read piece by piece: when the next piece is asked for, those before it are on their way. */
function streamOf(blob: Blob, report: (share: number) => void): RequestInit {
  let at = 0;
  const body = new ReadableStream({
    async pull(controller) {
      report(Math.min(1, at / blob.size));
      const piece = new Uint8Array(await blob.slice(at, at + CHUNK_BYTES).arrayBuffer());
      at += CHUNK_BYTES;
      if (piece.length) controller.enqueue(piece);
      else controller.close();
    },
  });
  return { body, duplex: "half" } as RequestInit;
}

/** A fetch that tells how much was sent. */
const xhrFetch =
  (report: (share: number) => void): Fetch =>
  (url, { headers, signal, body }) =>
    new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      xhr.open("POST", url);
      for (const [name, value] of Object.entries(headers as Record<string, string>)) xhr.setRequestHeader(name, value);
      xhr.upload.onprogress = ({ loaded, total }) => report(loaded / total || 0);
      xhr.onloadend = (event) =>
        xhr.status ? resolve(new Response(xhr.responseText, { status: xhr.status })) : reject(event);
      signal?.addEventListener("abort", () => xhr.abort());
      xhr.send(body as XMLHttpRequestBodyInit);
    });
