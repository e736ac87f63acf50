/** Sockets: greeting, flags, reconnects, who gets what (protocol §2.1 to §2.5). */
import { describe, expect, it } from "vitest";
import WebSocket from "ws";
import { Client, call, startFake, through, txt2img } from "./support.ts";

/** A round trip over the socket's server: whatever was sent before has been dealt with. */
async function settle(client: Client): Promise<void> {
  const pong = new Promise((resolve) => client.socket.once("pong", resolve));
  client.socket.ping();
  await pong;
}

function upgradeStatus(url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    socket.on("unexpected-response", (_, response) => resolve(response.statusCode ?? 0));
    socket.on("open", () => resolve(101));
    socket.on("error", reject);
  });
}

describe("sockets", () => {
  it("[F31] the first frame is status with the id; without one the server mints 32 hex digits; /api/ws works", async () => {
    await using fake = await startFake();
    const named = await Client.open(fake.url, "me", false, "/api/ws");
    expect(named.dataOf("status")[0]).toEqual({ status: { exec_info: { queue_remaining: 0 } }, sid: "me" });
    const minted = await Client.open(fake.url, "", false);
    expect(minted.dataOf("status")[0]?.sid).toMatch(/^[0-9a-f]{32}$/);
    expect((await call(fake.url, "GET", "/ws")).status).toBe(400);
  });

  it("[F5] a foreign Origin is refused before the upgrade, the server's own passes", async () => {
    await using fake = await startFake();
    const url = `${fake.url.replace("http", "ws")}/ws`;
    expect(await upgradeStatus(url, { origin: "http://evil.example" })).toBe(403);
    expect(await upgradeStatus(url, { origin: fake.url })).toBe(101);
    expect(await upgradeStatus(url, { origin: "null" })).toBe(101);
  });

  it("[F32] text and binary it does not know are ignored, pings answered, more than 4 MiB ends the connection", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    for (const odd of ["nonsense", "[1]", '{"type":"ping"}', new Uint8Array(3)]) client.socket.send(odd);
    await settle(client);
    expect(client.types).toEqual(["status", "feature_flags"]);
    client.socket.send(new Uint8Array(4 * 1024 * 1024 + 1));
    await client.until(() => client.closeCode !== null, "close");
  });

  it("[F33] flags count only as the first message, once", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url, undefined, false);
    client.socket.send('{"type":"ping"}');
    client.socket.send('{"type":"feature_flags","data":{"supports_preview_metadata":true}}');
    await settle(client);
    expect(client.types).toEqual(["status"]);
  });

  it("[F33] supports_preview_metadata must be true itself", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url, undefined, false);
    client.socket.send('{"type":"feature_flags","data":{"supports_preview_metadata":1}}');
    await client.run(txt2img());
    expect(client.types).toContain("frame 1");
    expect(client.types).not.toContain("frame 4");
  });

  it("[F34] a client that reconnects while its node runs gets status and executing, and nothing of the past", async () => {
    await using fake = await startFake({ stepMs: 20 });
    const client = await Client.open(fake.url);
    await client.submit(txt2img(1, { steps: 6 }));
    await client.until(() => client.types.includes("progress"), "progress");
    client.socket.terminate();
    await client.until(() => client.closeCode !== null, "close");
    const again = await Client.open(fake.url, client.id, false);
    await again.until(() => again.frames.length > 1, "greeting");
    expect(again.types.slice(0, 2)).toEqual(["status", "executing"]);
    expect(again.dataOf("executing")[0]).toEqual({ node: "3" });
    await again.until(() => again.ended === 1, "end");
    expect(again.types).not.toContain("execution_start");
    expect(again.types).toContain("frame 1");
    const idle = await Client.open(fake.url, client.id, false);
    await settle(idle);
    expect(idle.types).toEqual(["status"]);
  });

  it("[F35][F36] of two sockets with one id the newer is served, until the older closes and deafens it", async () => {
    await using fake = await startFake();
    const older = await Client.open(fake.url, "same");
    const newer = await Client.open(fake.url, "same");
    await newer.run(txt2img());
    expect(older.types).toEqual(["status", "feature_flags"]);
    older.close();
    await older.until(() => older.closeCode !== null, "close");
    const seen = newer.frames.length;
    const other = await Client.open(fake.url);
    await other.run(txt2img(2));
    await settle(newer);
    expect(newer.frames.length).toBe(seen);
    expect(newer.closeCode).toBeNull();
  });

  it("[F36] a fixed server keeps the newer socket", async () => {
    await using fake = await startFake({ evictionFixed: true });
    const older = await Client.open(fake.url, "same");
    const newer = await Client.open(fake.url, "same");
    older.close();
    await older.until(() => older.closeCode !== null, "close");
    await newer.run(txt2img());
    expect(newer.types).toContain("execution_success");
  });

  it("[F45][F73] others see status and TEXT frames of a prompt, nothing else; TEXT only when the node runs", async () => {
    await using fake = await startFake();
    const owner = await Client.open(fake.url);
    const other = await Client.open(fake.url);
    const graph = through("GetImageSize", {}, "image");
    graph["3"] = { class_type: "PreviewAny", inputs: { source: ["2", 0] } };
    await owner.run(graph);
    await owner.run(graph);
    await settle(other);
    expect(new Set(other.types)).toEqual(new Set(["status", "feature_flags", "frame 3"]));
    expect(other.binaries).toHaveLength(1);
    const text = Buffer.from(other.binaries[0] ?? []).toString("latin1");
    expect(text).toBe("\0\0\0\x03\0\0\0\x012width: 16, height: 16\n batch size: 1");
  });

  it("[F31] a client_id that is no socket's gets nothing and the run goes on", async () => {
    await using fake = await startFake();
    const client = await Client.open(fake.url);
    const { body } = await client.submit(txt2img(), { client_id: 12 });
    await client.until(() => client.dataOf("status").length === 4, "end");
    expect(client.types.filter((type) => type !== "status")).toEqual(["feature_flags"]);
    const history = await call<Record<string, unknown>>(fake.url, "GET", "/history");
    expect(Object.keys(history.body)).toEqual([body.prompt_id]);
  });
});
