// A webhook receiver as a Cloudflare Worker. Needs the secret WEBHOOK_SECRET (whsec_…).
const MAX_BYTES = 100_000;
const TOLERANCE_SECONDS = 300;

export default {
  async fetch(request, env) {
    if (request.method !== "POST") return new Response(null, { status: 405 });
    if (Number(request.headers.get("content-length")) > MAX_BYTES) return new Response(null, { status: 413 });
    const body = await request.text(); // As it came: a body that was parsed and written anew has another signature.
    if (!(await isGenuine(request.headers, body, env.WEBHOOK_SECRET))) return new Response(null, { status: 401 });

    const event = JSON.parse(body);
    // It may come twice and out of order: remember event.id, and drop a data.job.seq below the highest seen of the job.
    console.log(event.type, event.data.job?.id, event.data.job?.outputs?.[0]?.url);
    return new Response(null, { status: 204 }); // At once. Longer work goes into ctx.waitUntil or a queue.
  },
};

async function isGenuine(headers, body, secret) {
  const [id, time] = [headers.get("webhook-id"), headers.get("webhook-timestamp")];
  if (!id || !time || !(Math.abs(Date.now() / 1000 - Number(time)) <= TOLERANCE_SECONDS)) return false;
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytesOf(secret.replace(/^whsec_/, "")), hmac, false, ["verify"]);
  const signed = new TextEncoder().encode(`${id}.${time}.${body}`);
  // While a secret is exchanged there are two signatures, of which one fits. verify() compares in constant time.
  for (const part of (headers.get("webhook-signature") ?? "").split(" ")) {
    const [version, signature = ""] = part.split(",");
    if (version === "v1" && (await crypto.subtle.verify("HMAC", key, bytesOf(signature), signed))) return true;
  }
  return false;
}

function bytesOf(base64) {
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(base64) && base64.length % 4 === 0;
  return Uint8Array.from(isBase64 ? atob(base64) : "", (character) => character.charCodeAt(0));
}
