/**
 * A backend as a fetch: `https:` is the network, `fake:` the built-in fake's object. Sends no Origin and no Sec-Fetch
 * headers (protocol §1.1), and adds what the backend's tunnel asks for.
 */
import type { Backend } from "../../core/pool/backend.ts";

export type ComfyFetch = (path: string, init?: RequestInit) => Promise<Response>;

/** How requests reach this backend. `path` begins with a slash. */
export function comfyFetch(env: Env, backend: Backend): ComfyFetch {
  if (backend.url.startsWith("fake:")) {
    const stub = env.FAKE_COMFY.getByName(backend.url.slice("fake:".length) || "demo");
    return (path, init) => stub.fetch(`http://fake-comfy${path}`, init);
  }
  return (path, init) =>
    fetch(`${backend.url}${path}`, {
      ...init,
      headers: { ...backend.headers, ...(init?.headers as Record<string, string> | undefined) },
      redirect: "manual",
    });
}
