// A webhook receiver for Node, without packages: WEBHOOK_SECRET=whsec_… PORT=9000 node node.js
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const MAX_BYTES = 100_000;
const TOLERANCE_SECONDS = 300;
const key = Buffer.from((process.env.WEBHOOK_SECRET ?? "").replace(/^whsec_/, ""), "base64");
if (key.length < 24) throw new Error("Set WEBHOOK_SECRET to the webhook's secret, whsec_…");

const server = createServer((request, response) => {
  const chunks = [];
  let size = 0;
  request.on("data", (chunk) => {
    size += chunk.length;
    if (size > MAX_BYTES) request.destroy();
    else chunks.push(chunk);
  });
  request.on("end", () => {
    const body = Buffer.concat(chunks); // As it came: a body that was parsed and written anew has another signature.
    if (!isGenuine(request.headers, body)) return response.writeHead(401).end();

    const event = JSON.parse(body.toString());
    // It may come twice and out of order: remember event.id, and drop a data.job.seq below the highest seen of the job.
    console.log(event.type, event.data.job?.id, event.data.job?.outputs?.[0]?.url);
    response.writeHead(204).end(); // At once. Longer work comes after the answer.
  });
});
server.listen(Number(process.env.PORT ?? 9000), () => console.log(`listening on port ${server.address().port}`));

function isGenuine(headers, body) {
  const [id, time] = [headers["webhook-id"], headers["webhook-timestamp"]];
  if (!id || !time || !(Math.abs(Date.now() / 1000 - Number(time)) <= TOLERANCE_SECONDS)) return false;
  const expected = createHmac("sha256", key).update(`${id}.${time}.`).update(body).digest();
  // While a secret is exchanged there are two signatures, of which one fits.
  return (headers["webhook-signature"] ?? "").split(" ").some((part) => {
    const [version, signature = ""] = part.split(",");
    const given = Buffer.from(signature, "base64");
    return version === "v1" && given.length === expected.length && timingSafeEqual(given, expected);
  });
}
