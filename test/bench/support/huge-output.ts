/**
 * A door in front of the fake that answers `/view` with a video of any size and passes everything else on, byte by byte.
 * The video is never in memory: one piece is sent again and again, as fast as the other side reads.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { Readable } from "node:stream";

const PIECE = new Uint8Array(64 * 1024).map((_, index) => (index * 2_654_435_761) >>> 24);

/** `ftyp` and the head of an `mdat` that takes the rest: the least that is an MP4 file. */
function head(sizeBytes: number): Buffer {
  const ftyp = Buffer.from("\0\0\0\x18ftypisom\0\0\x02\0isommp42", "latin1");
  const mdat = Buffer.alloc(8);
  mdat.writeUInt32BE(sizeBytes - ftyp.length, 0);
  mdat.write("mdat", 4, "latin1");
  return Buffer.concat([ftyp, mdat]);
}

function* video(sizeBytes: number): Generator<Uint8Array> {
  const first = head(sizeBytes);
  yield first;
  for (let rest = sizeBytes - first.length; rest > 0; rest -= PIECE.length) yield PIECE.subarray(0, rest);
}

/** `sizeBytes` is the size of every file from now on. */
export type HugeOutput = { readonly url: string; sizeBytes: number; close(): void };

/** Opens the door. */
export async function startHugeOutput(fakeUrl: string): Promise<HugeOutput> {
  const { hostname, port } = new URL(fakeUrl);
  const server = createServer((incoming, answer) => {
    if (!incoming.url?.startsWith("/view")) return passOn(incoming, answer, hostname, port);
    const { sizeBytes } = door;
    answer.writeHead(200, { "content-type": "video/mp4", "content-length": sizeBytes });
    Readable.from(video(sizeBytes), { objectMode: false, highWaterMark: 256 * 1024 }).pipe(answer);
  });
  server.on("upgrade", (incoming: IncomingMessage, socket: Socket, rest: Buffer) => {
    const upstream = connect(Number(port), hostname, () => {
      const lines = [`GET ${incoming.url} HTTP/1.1`];
      for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
        lines.push(`${incoming.rawHeaders[at]}: ${incoming.rawHeaders[at + 1]}`);
      }
      upstream.write(`${lines.join("\r\n")}\r\n\r\n`);
      upstream.write(rest);
      upstream.pipe(socket).pipe(upstream);
    });
    const drop = () => {
      socket.destroy();
      upstream.destroy();
    };
    socket.on("error", drop);
    upstream.on("error", drop);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const door: HugeOutput = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sizeBytes: 0,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return door;
}

function passOn(incoming: IncomingMessage, answer: ServerResponse, hostname: string, port: string): void {
  const { method, url: path, headers } = incoming;
  const upstream = request({ hostname, port, method, path, headers }, (reply) => {
    answer.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(answer);
  });
  upstream.on("error", () => answer.destroy());
  incoming.pipe(upstream);
}
