/** Platforms that have less, or other things, than Node: React Native without polyfills, and uploads by XMLHttpRequest. */
import { runInNewContext } from "node:vm";
import { build } from "esbuild";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CLIENT_BUNDLE } from "../../scripts/build-client.ts";
import type { createClient } from "../../src/client/create-client.ts";
import { JobIdSchema } from "../../src/contract/ids.ts";
import { must } from "../../src/core/util/assert.ts";
import { JOB_ID, ownJob, PlayedSocket, problem, scriptedClient } from "./scripted-client.ts";
import { scriptedPorts } from "./scripted-ports.ts";

afterEach(() => vi.unstubAllGlobals());

/** The bundle in a world of its own, which has the language and what is given here: no URL, no crypto, no streams. */
async function bareWorld(given: Record<string, unknown>): Promise<{ createClient: typeof createClient }> {
  const { outputFiles } = await build({
    ...CLIENT_BUNDLE,
    format: "iife",
    globalName: "easel",
    outdir: "unused",
    write: false,
  });
  return runInNewContext(`${outputFiles[0]?.text}; easel`, given) as { createClient: typeof createClient };
}

describe("React Native without polyfills", () => {
  /** Its own Response has no `body`. */
  const answerOf = (value: unknown) =>
    ({
      ok: true,
      status: 200,
      headers: { get: () => null, has: () => false },
      text: async () => JSON.stringify(value),
      json: async () => value,
    }) as unknown as Response;
  const given = { AbortController, Response: class {}, WebSocket: PlayedSocket };

  it("submits with an id of its own, and follows by socket, then by long poll, never by a stream", async () => {
    const script = scriptedPorts(0);
    PlayedSocket.sockets = [];
    const easel = await bareWorld({ ...given, fetch: script.ports.fetch });
    const client = easel.createClient({
      baseUrl: "https://api.example",
      token: () => "t",
      clock: script.ports,
      webSocketHeaders: true,
    });
    const request = () => must(script.requests.at(-1), "a request");
    const submitted = client.submit({ workflow: "txt2img", inputs: {} });
    await script.settle();
    const { id } = JSON.parse(String(request().init.body)) as { id: string };
    expect(JobIdSchema.safeParse(id).success, id).toBe(true);
    request().answer(answerOf({ ...ownJob({ id }), new_share: null }));
    const done = (await submitted).done();
    await script.settle();
    const [first] = PlayedSocket.sockets;
    expect(first?.options).toEqual({ headers: { authorization: "Bearer t" } });
    first?.play("close", { code: 1006 });
    await script.advance(1);
    expect(request().url).toBe("https://api.example/v1/tickets");
    request().fail();
    await script.advance(1);
    expect(request().url).toBe(`https://api.example/v1/jobs/${id}`);
    request().answer(answerOf(ownJob({ id, status: "succeeded", terminal: true })));
    expect((await done).status).toBe("succeeded");
    expect(script.requests.some(({ headers }) => headers.accept === "text/event-stream")).toBe(false);
  });

  it("needs nothing to be loaded and made, and begins nothing by itself", async () => {
    const easel = await bareWorld({ Response: class {} });
    const client = easel.createClient({ baseUrl: "https://api.example", token: () => "t" });
    expect(await client.resume()).toHaveLength(0);
    expect(client.job(JOB_ID).last).toBe(null);
  });
});

describe("an upload by XMLHttpRequest", () => {
  class PlayedXhr {
    static last: PlayedXhr | null = null;
    readonly upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {};
    readonly headers: Record<string, string> = {};
    status = 0;
    responseText = "";
    onloadend = (_event: unknown) => {};
    address = "";
    sent: unknown = null;
    open(method: string, url: string): void {
      this.address = `${method} ${url}`;
      PlayedXhr.last = this;
    }
    setRequestHeader(name: string, value: string): void {
      this.headers[name] = value;
    }
    send(body: unknown): void {
      this.sent = body;
    }
    abort(): void {
      this.onloadend("aborted");
    }
    async end(response: Response | null): Promise<void> {
      this.status = response?.status ?? 0;
      this.responseText = (await response?.text()) ?? "";
      this.onloadend("end");
    }
  }
  const xhr = () => must(PlayedXhr.last, "a request");
  const bytes = Uint8Array.of(1, 2, 3, 4);
  function uploading(signal?: AbortSignal) {
    vi.stubGlobal("XMLHttpRequest", PlayedXhr);
    const script = scriptedClient({ tokens: ["old", "new"] });
    const shares: number[] = [];
    const stored = script.client.upload(bytes, {
      contentType: "image/png",
      onProgress: (share) => shares.push(share),
      ...(signal ? { signal } : {}),
    });
    stored.catch(() => {});
    return { ...script, shares, stored };
  }

  it("tells how far it is, never less than before, over a lost line and a token that is over", async () => {
    const { shares, stored, advance, settle } = uploading();
    await settle();
    expect(xhr().address).toBe("POST https://api.example/v1/uploads");
    expect([xhr().headers["content-type"], xhr().headers.authorization]).toEqual(["image/png", "Bearer old"]);
    xhr().upload.onprogress?.({ loaded: 3, total: 4 });
    await xhr().end(null);
    await advance(1_000);
    xhr().upload.onprogress?.({ loaded: 1, total: 4 });
    await xhr().end(problem(401, "token_expired"));
    await settle();
    expect([xhr().headers.authorization, xhr().sent]).toEqual(["Bearer new", bytes]);
    await xhr().end(Response.json({ object: "upload", id: "upl_1" }, { status: 201 }));
    expect(await stored).toMatchObject({ id: "upl_1" });
    expect(shares).toEqual([0, 0.75, 1]);
  });

  it("stops when the app says so", async () => {
    const stop = new AbortController();
    const { stored, shares, settle, pendingTimers } = uploading(stop.signal);
    await settle();
    stop.abort(new Error("not this one"));
    await expect(stored).rejects.toThrow("not this one");
    expect([shares, pendingTimers()]).toEqual([[0], 0]);
  });
});
