/**
 * An app and its backend in one file. The backend alone has the secret key; it hands out a client token to whoever is
 * signed in. The app makes the job's id itself, so a submit that is repeated after a lost answer is the same job, and
 * it takes its stream up again where it broke. Here the first answer and the first stream are lost on purpose.
 *
 *   BASE=http://127.0.0.1:8787 KEY=$(sed -n 's/^EASELCAST_KEY=//p' .dev.vars) node examples/node/phone-app.mjs
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";

const { BASE, KEY } = process.env;
assert(BASE && KEY, "Give BASE, the service's address, and KEY, a secret key of it.");

// The backend. Yours knows from its own session who asks.
const backend = createServer(async (_request, response) => {
  const answer = await fetch(`${BASE}/v1/client-tokens`, {
    method: "POST",
    headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ user: "u_42", workflows: ["txt2img"], limits: { concurrent: 2 } }),
  });
  response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
});
await new Promise((resolve) => backend.listen(0, "127.0.0.1", resolve));

// The app.
let token = null;
/** Calls the API. A token that is over is replaced once. */
async function call(path, init = {}, mayRefresh = true) {
  token ??= (await (await fetch(`http://127.0.0.1:${backend.address().port}/token`)).json()).token;
  const response = await fetch(BASE + path, {
    ...init,
    headers: { ...init.headers, authorization: `Bearer ${token}` },
  });
  if (response.status !== 401 || !mayRefresh) return response;
  token = null;
  return call(path, init, false);
}

const pause = (tries) =>
  new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(20_000, 500 * 2 ** tries)));

/** `job_` and a ULID: the time and 80 random bits in lower-case base32. */
function newJobId() {
  let number = (BigInt(Date.now()) << 80n) | BigInt(`0x${randomBytes(10).toString("hex")}`);
  let id = "";
  for (let i = 0; i < 26; i++, number >>= 5n) id = "0123456789abcdefghjkmnpqrstvwxyz"[Number(number & 31n)] + id;
  return `job_${id}`;
}

/** Submits until there is an answer; with the id in the body it stays one job. */
async function submit(job) {
  for (let tries = 0; ; tries++) {
    try {
      const response = await call("/v1/jobs", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(job),
      });
      if (tries === 0) throw new TypeError("the network is gone before the answer is read");
      if (response.ok) return { job: await response.json(), replayed: response.headers.get("idempotent-replayed") };
      const problem = await response.json();
      if (!problem.retryable) throw new Error(`${problem.code}: ${problem.user_message}`);
    } catch (error) {
      // fetch throws TypeError where there is no network.
      if (!(error instanceof TypeError)) throw error;
    }
    await pause(tries);
  }
}

/** Follows the job to its end; after a break it goes on behind the last event seen. */
async function follow(id, show) {
  let after = "";
  for (let tries = 0; ; tries++) {
    const headers = { accept: "text/event-stream", ...(after && { "last-event-id": after }) };
    const response = await call(`/v1/jobs/${id}/events?previews=none`, { headers });
    // 204: nothing comes any more after the last event seen.
    if (response.status === 204) return (await call(`/v1/jobs/${id}`)).json();
    let text = "";
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split("\n\n");
      text = blocks.pop();
      for (const event of blocks.flatMap((block) => JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? "[]"))) {
        if (event.seq !== null) after = String(event.seq);
        show(event);
        if (event.type === "end") return event.data.job;
      }
      // The stream that is lost: leaving the loop closes it.
      if (tries === 0 && after !== "") break;
    }
    await pause(tries);
  }
}

const id = newJobId();
const submitted = await submit({ id, workflow: "txt2img", inputs: { prompt: "a harbour at night", steps: 60 } });
assert.equal(submitted.job.id, id);
assert.equal(submitted.replayed, "true", "The second submit should find the job of the first.");
console.log(`Submitted twice, one job: ${id}`);

const greetings = [];
const job = await follow(id, ({ type, data }) => {
  if (type === "hello") greetings.push(data);
  if (type === "progress") console.log(`${Math.floor((data.value ?? 0) * 100)} %  ${data.headline}`);
});
assert.equal(job.status, "succeeded");
assert.equal(greetings.length, 2, "The stream should have been opened twice.");
assert(greetings[1].resumed || greetings[1].job, "The second stream should go on, or show the whole job.");
console.log(`Stream lost once and taken up again (${greetings[1].resumed ? "resumed" : "whole job"}): ${job.headline}`);

const picture = await fetch(job.outputs[0].url);
assert.equal(picture.headers.get("content-type"), "image/png");
console.log(`The picture: ${(await picture.arrayBuffer()).byteLength} bytes from a signed link`);

await call(`/v1/jobs/${id}`, { method: "DELETE" });
backend.close();
backend.closeAllConnections();
