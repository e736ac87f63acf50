/** Sockets: greeting, flags, reconnects (protocol §2.1 to §2.3). */
import type { Check } from "../support/check.ts";
import { fits, has, keys, pause, same } from "../support/expect.ts";
import { streaming } from "../support/graphs.ts";
import type { ConformanceServer } from "../support/server.ts";

const GREETED = ["status", "feature_flags"];
const FLAGS = { type: "feature_flags", data: { supports_preview_metadata: true } };

async function greeting(server: ConformanceServer): Promise<void> {
  const id = `conformance-${server.colour()}`;
  for (const path of ["/ws", "/api/ws"]) {
    const client = await server.open({ id, flags: false, path });
    const [data] = client.dataOf("status");
    keys(data, ["status", "sid"], `the first frame on ${path}`);
    same([client.types[0], data?.sid], ["status", id], "its type and sid");
    same(typeof data?.status.exec_info.queue_remaining, "number", "its queue_remaining");
  }
  const minted = await server.open({ id: "", flags: false });
  const client_id = minted.dataOf("status")[0]?.sid;
  fits(client_id, /^[0-9a-f]{32}$/, "the minted id");
  const plain = await server.call("GET", "/ws");
  same(plain.status, 400, "a GET without upgrade");
  fits(plain.text, /^No WebSocket UPGRADE hdr/, "its text");
  await minted.run(server.quick(), { client_id });
  const later = minted.dataOf("status").slice(1);
  same(
    later.every((data) => !("sid" in data)),
    true,
    "whether later status events come without sid",
  );
}

async function incoming(server: ConformanceServer): Promise<void> {
  const client = await server.open();
  for (const odd of ["nonsense", "[1]", '{"type":"ping"}', '{"type":7}', new Uint8Array(3)]) client.socket.send(odd);
  await client.settle();
  client.socket.send(new Uint8Array(4 * 1024 * 1024 - 16));
  await client.settle();
  same(
    [client.types.filter((type) => type !== "status"), client.closeCode],
    [["feature_flags"], null],
    "what came of it",
  );
  await pause(50);
  same(client.pings, 0, "pings from the server");
  client.socket.send(new Uint8Array(4 * 1024 * 1024 + 1));
  await client.closed();
}

async function flags(server: ConformanceServer): Promise<void> {
  const asked = await server.open();
  has(asked.dataOf("feature_flags")[0], { supports_preview_metadata: true }, "the server's flags");
  asked.send(FLAGS);
  await asked.settle();
  same(asked.dataOf("feature_flags").length, 1, "replies to flags sent twice");
  const late = await server.open({ flags: false });
  late.send({ type: "ping" });
  late.send(FLAGS);
  await late.settle();
  same(late.dataOf("feature_flags").length, 0, "replies to flags after another message");
  const vague = await server.open({ flags: false });
  vague.send({ ...FLAGS, data: { supports_preview_metadata: 1 } });
  await vague.seen("feature_flags");
  await vague.run(streaming(server.colour(), 1));
  same([vague.types.includes("frame 1"), vague.types.includes("frame 4")], [true, false], "previews of a flag 1");
  asked.socket.terminate();
  await asked.closed();
  const again = await server.open({ id: asked.id, flags: false });
  await again.run(streaming(server.colour(), 1));
  same(again.types.includes("frame 4"), false, "metadata after a reconnect without flags");
}

async function reconnect(server: ConformanceServer): Promise<void> {
  const held = await server.hold();
  held.client.socket.terminate();
  await held.client.closed();
  const again = await server.open({ id: held.client.id, flags: false });
  await again.until(() => again.frames.length > 1, "the second frame");
  same(again.types.slice(0, 2), ["status", "executing"], "the first two frames");
  keys(again.dataOf("executing")[0], ["node"], "the replayed executing");
  fits(again.dataOf("executing")[0]?.node ?? "", /^\d+$/, "its node");
  await server.interrupt(held.promptId);
  await again.until(() => again.ended === 1, "the end");
  for (const type of ["execution_start", "execution_cached", "executed"]) {
    same(again.types.includes(type), false, `${type} after the reconnect`);
  }
  again.socket.terminate();
  await again.closed();
  const idle = await server.open({ id: held.client.id, flags: false });
  await idle.settle();
  same(idle.types, ["status"], "what an idle client gets");
}

async function sameId(server: ConformanceServer): Promise<void> {
  const older = await server.open();
  const newer = await server.open({ id: older.id });
  await newer.run(server.quick());
  await older.settle();
  same(older.types, GREETED, "what the older socket got");
  same(older.closeCode, null, "close code of the older one");
}

async function eviction(server: ConformanceServer): Promise<void> {
  const older = await server.open();
  const newer = await server.open({ id: older.id });
  older.close();
  await older.closed();
  newer.forget();
  const other = await server.open();
  await other.run(server.quick());
  await newer.settle();
  same(newer.types, [], "what the newer socket got after the older one closed");
  same(newer.closeCode, null, "close code of the newer one");
  if (server.fake === null) return;
  const fixed = await server.control.with({ evictionFixed: true });
  const first = await fixed.open();
  const second = await fixed.open({ id: first.id });
  first.close();
  await first.closed();
  await second.run(fixed.quick());
  await second.seen("execution_success");
}

/** Checks 31 to 36. */
export const SOCKET_CHECKS: readonly Check[] = [
  { number: 31, title: "The first frame is status with the id, minted if none was given", run: greeting },
  { number: 32, title: "The server never pings, ignores what it does not know, drops more than 4 MiB", run: incoming },
  { number: 33, title: "Flags count only as the first message, per connection, true strictly", run: flags },
  { number: 34, title: "A reconnect gets status and the running node, nothing of the past", run: reconnect },
  { number: 35, title: "Of two sockets with one id the newer is served, the older stays open", run: sameId },
  { number: 36, title: "When the older of two closes, the newer goes silent", run: eviction },
];
