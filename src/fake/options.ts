/** What a fake ComfyUI is told when it is made: who it plays, how fast it is, and its ports to the outside. */
import type { FakeFault } from "./faults.ts";
import type { Zlib } from "./media/png.ts";
import type { ComfyVersion } from "./version.ts";

/** Settings; all have defaults, see `DEFAULT_OPTIONS`. */
export interface FakeOptions {
  readonly version: ComfyVersion;
  /** Time per sampler step. */
  readonly stepMs: number;
  /** Time per other node. */
  readonly nodeMs: number;
  /** Time a checkpoint takes to load when it is not cached; no event is sent meanwhile. */
  readonly loadMs: number;
  readonly previewMethod: "none" | "latent2rgb";
  /** Longer side of latent previews in pixels. */
  readonly previewSize: number;
  readonly checkpoints: readonly string[];
  /** Saved PNGs, and those of SaveImageWebsocket, are padded to about this many bytes with incompressible data; 0 leaves them as they are. */
  readonly outputPadBytes: number;
  /** Limit of every request body. */
  readonly maxUploadBytes: number;
  /** `--enable-cors-header`: the allowed origin, or null for the strict default (protocol §1.1). */
  readonly corsOrigin: string | null;
  /** Time between `execution_success` and the history entry, as with `--disable-smart-memory`. */
  readonly historyGapMs: number;
  /** A server in which an older socket's end no longer deafens the newer one (protocol §2.2). */
  readonly evictionFixed: boolean;
  /** A TensorOps pack whose SendImageOnWebSocket works; the stock one kills the server (protocol §3). */
  readonly patchedTensorOps: boolean;
  /** Faults that are set from the start. */
  readonly faults: readonly FakeFault[];
}

/** The settings of a fake that is told nothing. */
export const DEFAULT_OPTIONS: FakeOptions = {
  version: "0.27.0",
  stepMs: 60,
  nodeMs: 5,
  loadMs: 0,
  previewMethod: "latent2rgb",
  previewSize: 256,
  checkpoints: ["easel-demo.safetensors"],
  outputPadBytes: 0,
  maxUploadBytes: 104_857_600,
  corsOrigin: null,
  historyGapMs: 0,
  evictionFixed: false,
  patchedTensorOps: false,
  faults: [],
};

/** What the fake needs from the platform. */
export interface FakePorts extends Zlib {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `run` once after a delay; the returned function prevents it. */
  schedule(delayMs: number, run: () => void): () => void;
  /** Hex digits of this many random bytes. */
  randomHex(bytes: number): string;
  /** Told when the server stops or starts accepting connections, so that a shell can close its port. */
  listening?(accepting: boolean): void;
}
