/** Faults of the socket to ComfyUI: cut, deaf, half-open, and frames that are wrong. */
import type { FakeFault } from "../../../src/fake/faults.ts";
import { cells, type FaultCase, succeeds } from "../case.ts";
import type { Scene } from "../support/scene.ts";
import { UPGRADES } from "../support/tunnel.ts";

const NO_SOCKET = "it has no socket yet";
const HUNG_UP = "it has hung up";

const CUT = succeeds(15, { says: ["connection_lost"] });
/** A silence of 9 s makes us look; these runs are over by then. */
const SILENT = succeeds(25, { may: ["no_news"] });
const UNHARMED = succeeds(15);

const onOpenSockets = (expected: typeof CUT) =>
  cells(expected, { queued: NO_SOCKET, leased: NO_SOCKET, connecting: NO_SOCKET, collecting: HUNG_UP });

/** Frames go wrong, and then the socket is cut: the wrong ones lie on both sides of a reconnect. */
const frames = (type: "duplicate" | "drop" | "reorder") => (scene: Scene) => {
  scene.fault({ type, count: 60 });
  scene.later(200, () => scene.fault({ type: "cut" }));
};

/** Everything by which a run tells of itself. */
const OF_A_RUN = [
  "execution_start",
  "execution_cached",
  "execution_success",
  "executing",
  "executed",
  "progress",
  "progress_state",
];

/** Cut, silent, deaf, half-open, and wrong frames. */
export const SOCKET_CASES: readonly FaultCase[] = [
  {
    name: "socket cut",
    strike: (scene) => scene.tunnel.cut(),
    cells: cells(CUT, {
      queued: NO_SOCKET,
      leased: succeeds(15),
      connecting: succeeds(15),
      collecting: HUNG_UP,
    }),
  },
  {
    name: "socket silent though open",
    strike: (scene) => scene.fault({ type: "silent" }),
    cells: onOpenSockets(SILENT),
  },
  {
    name: "socket deaf after a reconnect",
    strike: (scene) => scene.tunnel.cutNear(600),
    // The new socket may have been heard before it was deafened.
    cells: onOpenSockets(succeeds(25, { says: ["connection_lost"], may: ["no_news"] })),
  },
  {
    name: "socket half-open",
    strike: (scene, state) => {
      if (state === "connecting") scene.tunnel.swallowAnswers(UPGRADES);
      else scene.fault({ type: "halfOpen" });
    },
    cells: cells(SILENT, { queued: NO_SOCKET, leased: NO_SOCKET, collecting: HUNG_UP }),
  },
  {
    name: "our events lost, others' come",
    strike: (scene) => {
      scene.fault(...OF_A_RUN.map((event): FakeFault => ({ type: "drop", event, count: 100_000 })));
      const data = { status: { exec_info: { queue_remaining: 3 } } };
      scene.meanwhile(2_000, () => scene.fault({ type: "emit", event: "status", data }));
    },
    cells: onOpenSockets(SILENT),
  },
  { name: "frames duplicated, then a cut", strike: frames("duplicate"), cells: onOpenSockets(CUT) },
  { name: "frames missing, then a cut", strike: frames("drop"), cells: onOpenSockets(CUT) },
  { name: "frames out of order, then a cut", strike: frames("reorder"), cells: onOpenSockets(CUT) },
  {
    name: "garbage frames",
    strike: (scene) => scene.fault({ type: "garbage" }, { type: "oddFrames" }),
    cells: onOpenSockets(UNHARMED),
  },
  {
    name: "33 MB frame",
    strike: (scene) => scene.fault({ type: "bigFrame", bytes: 33 * 1024 * 1024 }),
    cells: onOpenSockets(CUT),
  },
];
