/** The receiver of `npm run catch`, over real HTTP. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { type CatcherOptions, startCatcher } from "../../../scripts/local/catcher.ts";
import { eventText } from "../../../src/core/webhook/events.ts";
import { pingEvent } from "../../../src/core/webhook/samples.ts";
import { mintSecret } from "../../../src/core/webhook/secrets.ts";
import { deliveryHeaders } from "../../../src/core/webhook/signature.ts";
import { STAMP } from "./a-job.ts";

const SECRET = mintSecret(new Uint8Array(32).fill(1));
const OTHER = mintSecret(new Uint8Array(32).fill(2));
const AT = Date.parse("2026-11-20T07:12:05Z");
const BODY = eventText(pingEvent(null, STAMP));

const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g");

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((catcher) => catcher.close()));
});

type Sent = Partial<typeof USUAL>;
/** `body` is what is signed. */
const USUAL = { body: BODY, sent: BODY, id: STAMP.id as string, secret: SECRET, at: AT, attempt: 1 };

async function caught(options: Partial<CatcherOptions> = {}) {
  const printed: string[] = [];
  const catcher = await startCatcher({
    port: 0,
    secrets: [SECRET],
    now: () => AT + 4_000,
    print: (text) => printed.push(text),
    ...options,
  });
  open.push(catcher);
  const send = async (given: Sent = {}) => {
    const { body, sent, id, secret, at, attempt } = { ...USUAL, ...given };
    const headers = await deliveryHeaders(
      { event: { id, type: "webhook.test", jobId: null, body }, deliveryId: "dlv_01", attempt, at, origin: "" },
      { secrets: [secret], keys: [] },
    );
    return (await fetch(catcher.url, { method: "POST", headers, body: sent, redirect: "manual" })).status;
  };
  return { printed, send, url: catcher.url };
}

describe("npm run catch", () => {
  it("[W1] verifies each request and shows type, attempt, age, verdict and body", async () => {
    const { printed, send } = await caught();
    expect(await send({ attempt: 3 })).toBe(204);
    expect(printed[0]).toContain("07:12:09  webhook.test  attempt 3  sent 4 s ago  signature fits  answered 204");
    expect(printed[0]).toContain(STAMP.id);
    expect(printed[0]).toContain('    "type": "webhook.test",');
  });

  it("[W1] refuses another secret, another body and an old request, and says why", async () => {
    const { printed, send } = await caught();
    expect(await send({ secret: OTHER })).toBe(401);
    expect(await send({ sent: `${BODY} ` })).toBe(401);
    expect(await send({ at: AT - 400_000 })).toBe(401);
    expect(printed.map((text) => /REFUSED: ([^:.(]+)/.exec(text)?.[1])).toEqual([
      "No signature fits",
      "No signature fits",
      "It was sent more than 5 minutes ago",
    ]);
  });

  it("[W9] takes any of several secrets", async () => {
    const { send } = await caught({ secrets: [OTHER, SECRET] });
    expect([await send(), await send({ secret: OTHER })]).toEqual([204, 204]);
  });

  it("[W1] says that it verifies nothing where it has no secret", async () => {
    const { printed, send } = await caught({ secrets: [] });
    expect(await send({ secret: OTHER })).toBe(204);
    expect(printed[0]).toContain("not verified");
  });

  it("[W2] plays a bad receiver", async () => {
    const { send } = await caught({ failFirst: 2 });
    expect([await send(), await send(), await send(), await send({ id: "evt_other" })]).toEqual([500, 500, 204, 500]);
    expect(await (await caught({ status: 503 })).send()).toBe(503);
    expect(await (await caught({ status: 302 })).send()).toBe(302);
    const unavailable = await caught({ status: 503, failFirst: 1 });
    expect([await unavailable.send(), await unavailable.send()]).toEqual([503, 204]);
  });

  it("[W3] tells an event that came before", async () => {
    const { printed, send } = await caught();
    await send();
    await send({ attempt: 2 });
    expect(printed[0]).not.toContain("seen");
    expect(printed[1]).toContain("seen 2 times");
  });

  it("[W1] writes nothing to the terminal that could steer it", async () => {
    const { printed, url } = await caught({ secrets: [], colour: true });
    const headers = { "webhook-id": "a\u009b2Jb", "easel-event-type": "\u009b31m" };
    for (const body of ['"\u001b[2J\u009b2J\u202e"', "\u001b[2J not json \u0007"]) {
      await fetch(url, { method: "POST", headers, body });
    }
    for (const text of printed) {
      expect(text.replaceAll(COLOUR, "").replaceAll("\n", "")).not.toMatch(/\p{Cc}|\u202e/u);
    }
    expect(printed).toHaveLength(2);
  });

  it("[W1] answers what is no event, and goes on", async () => {
    const { printed, send, url } = await caught();
    expect((await fetch(url)).status).toBe(405);
    expect((await fetch(url, { method: "POST", body: "x".repeat(300_000) })).status).toBe(413);
    const port = Number(new URL(url).port);
    const socket = connect(port, "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf");
    socket.end();
    socket.resume();
    await once(socket, "close");
    expect(printed).toEqual([]);
    expect(await send()).toBe(204);
  });

  it("[W1] closes at once, with an answer still held back", async () => {
    let arrived: (text: string) => void = () => {};
    const shown = new Promise<string>((resolve) => {
      arrived = resolve;
    });
    const { send } = await caught({ delayMs: 600_000, print: arrived });
    const answer = send().then(
      () => "answered",
      () => "cut",
    );
    expect(await shown).toContain("after 600000 ms");
    await open.pop()?.close();
    expect(await answer).toBe("cut");
  });

  it("[W1] ends with Ctrl-C, and refuses a secret that is none", async () => {
    const script = fileURLToPath(new URL("../../../scripts/catch.ts", import.meta.url));
    const start = (...args: string[]) => spawn(process.execPath, [script, "--port", "0", ...args]);
    const good = start("--secret", SECRET);
    await once(good.stdout, "data");
    good.kill("SIGINT");
    expect(await once(good, "exit")).toEqual([0, null]);
    const bad = start("--secret", "whsec_c2hvcnQ=");
    const said = await once(bad.stderr, "data");
    expect(String(said[0])).toContain("must hold 24 to 64 bytes, not 5");
    expect(await once(bad, "exit")).toEqual([1, null]);
  });
});
