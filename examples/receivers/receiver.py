# A webhook receiver for Python 3.9 or newer, without packages: WEBHOOK_SECRET=whsec_... PORT=9000 python3 receiver.py
import base64, hashlib, hmac, json, os, re, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAX_BYTES = 100_000
TOLERANCE_SECONDS = 300
KEY = base64.b64decode(os.environ.get("WEBHOOK_SECRET", "").removeprefix("whsec_"))
if len(KEY) < 24:
    raise SystemExit("Set WEBHOOK_SECRET to the webhook's secret, whsec_...")


def is_genuine(headers, body):
    message_id, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not re.fullmatch("[0-9]{1,12}", sent) or abs(time.time() - int(sent)) > TOLERANCE_SECONDS:
        return False
    digest = hmac.new(KEY, f"{message_id}.{sent}.".encode() + body, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    # While a secret is exchanged there are two signatures, of which one fits.
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(signature.encode(), expected) for signature in given)


class Receiver(BaseHTTPRequestHandler):
    timeout = 30

    def do_POST(self):
        size = self.headers.get("content-length", "")
        if not re.fullmatch("[0-9]{1,9}", size) or int(size) > MAX_BYTES:
            return self.answer(413)
        body = self.rfile.read(int(size))  # As it came: a body parsed and written anew has another signature.
        if not is_genuine(self.headers, body):
            return self.answer(401)
        event = json.loads(body)
        # It may come twice and out of order: remember event["id"], and drop a job's seq below the highest seen of it.
        print(event["type"], event["data"].get("job", {}).get("id"), flush=True)
        self.answer(204)  # At once. Longer work goes into a queue.

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("", int(os.environ.get("PORT", "9000"))), Receiver)
    print(f"listening on port {server.server_port}", flush=True)
    server.serve_forever()
