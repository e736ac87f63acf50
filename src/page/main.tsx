/**
 * The live page's script: takes over the rendered page, follows the job, and shows what it hears. The only part that
 * touches the browser: images are decoded before they are shown, object URLs released after, title and icon kept true.
 */
import { hydrate, render } from "preact";
import { type Follower, followJob, type LiveUpdate } from "../client/live.ts";
import type { PublicJob } from "../contract/job.ts";
import { Page, type PageActions } from "./components/page.tsx";
import { faviconUrl } from "./favicon.ts";
import { sharePaths } from "./paths.ts";
import type { PageSeed } from "./render.tsx";
import { initialState, nextState, type PageEvent } from "./state.ts";
import { iconOf, viewOf } from "./view.ts";
import { speak } from "./words.ts";

const TICK_MS = 1_000;
const COPIED_MS = 2_500;

function start(root: Element, seed: PageSeed): void {
  const words = speak(seed.words);
  const paths = sharePaths(seed.token);
  let state = initialState(seed.job, paths.preview);
  let follower: Follower | null = null;
  let newestRev = seed.job.preview?.rev ?? -1;

  const actions: PageActions = {
    retry: () => follower?.retryNow(),
    share,
    togglePreviews() {
      dispatch({ type: "previews", on: !state.previewsOn });
      follower?.setPreviews(state.previewsOn ? "binary" : "none");
    },
    frameFailed: (rev) => dispatch({ type: "frame_failed", rev }),
  };

  function draw(put: typeof render): void {
    const view = viewOf(state, words);
    put(<Page view={view} words={words} actions={actions} />, root);
    document.title = view.title;
    document.getElementById("icon")?.setAttribute("href", faviconUrl(...iconOf(view)));
  }

  function dispatch(event: PageEvent): void {
    const before = state;
    state = nextState(state, event);
    if (state === before) return;
    draw(render);
    for (const frame of before.frames) if (!state.frames.includes(frame)) URL.revokeObjectURL(frame.src);
  }

  /** Puts an image on the screen once it is decoded; the frame before stays until then. */
  async function show(rev: number, src: string): Promise<void> {
    const image = new Image();
    image.src = src;
    try {
      await image.decode();
    } catch {
      URL.revokeObjectURL(src);
      return;
    }
    if (state.previewsOn && !state.job.terminal) dispatch({ type: "frame", frame: { rev, src } });
    else URL.revokeObjectURL(src);
  }

  /** Shows the preview of a transport without bytes, unless it is known or nobody wants it. */
  function showFromUrl(preview: { rev: number } | null): void {
    if (!preview || preview.rev <= newestRev || !state.previewsOn || document.hidden) return;
    newestRev = preview.rev;
    void show(preview.rev, paths.preview(preview.rev));
  }

  function hear(update: LiveUpdate<PublicJob>): void {
    dispatch({ type: "update", update, nowMs: Date.now() });
    if (update.type === "frame") {
      const { header, image } = update.frame;
      newestRev = Math.max(newestRev, header.rev);
      const src = URL.createObjectURL(new Blob([image], { type: header.image_type }));
      // Credit comes after decoding, so a slow phone gets as many previews as it can show. A broken one counts too.
      void show(header.rev, src).then(() => follower?.shown(header.rev));
    } else if (update.type === "job") {
      showFromUrl(update.job.preview);
    } else if (update.type === "event" && update.event.type === "preview") {
      showFromUrl(update.event.data);
    } else if (update.type === "event" && update.event.type === "hello") {
      showFromUrl(update.event.data.job?.preview ?? null);
    }
  }

  async function share(): Promise<void> {
    const url = new URL(paths.page, location.href).href;
    try {
      if (navigator.share) {
        await navigator.share({ url });
        return;
      }
      await navigator.clipboard.writeText(url);
    } catch {
      return; // Dismissed or not allowed: the address bar still has the link.
    }
    dispatch({ type: "copied", value: true });
    setTimeout(() => dispatch({ type: "copied", value: false }), COPIED_MS);
  }

  draw(hydrate);
  // An image that failed before this script ran has told nobody.
  const [first] = state.frames;
  const image = root.querySelector<HTMLImageElement>("img.frame");
  if (first && image?.complete && image.naturalWidth === 0) dispatch({ type: "frame_failed", rev: first.rev });
  if (state.job.terminal) return;
  if (!navigator.onLine) dispatch({ type: "online", value: false });
  if (savesData()) state = nextState(state, { type: "previews", on: false });
  follower = followJob<PublicJob>(
    {
      baseUrl: location.origin,
      eventsPath: paths.events,
      statePath: paths.state,
      after: seed.job.seq,
      previews: state.previewsOn ? "binary" : "none",
      visible: !document.hidden,
    },
    hear,
  );
  document.addEventListener("visibilitychange", () => follower?.setVisible(!document.hidden));
  for (const type of ["online", "offline"]) {
    addEventListener(type, () => {
      dispatch({ type: "online", value: navigator.onLine });
      if (navigator.onLine) follower?.retryNow();
    });
  }
  setInterval(() => {
    if (state.link.type === "lost") dispatch({ type: "tick", nowMs: Date.now() });
  }, TICK_MS);
}

/** Whether the viewer asked the browser to save data; then previews wait for the viewer's own wish. */
function savesData(): boolean {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
  return connection?.saveData === true;
}

const root = document.getElementById("page");
const seed = document.getElementById("state")?.textContent;
if (root && seed) start(root, JSON.parse(seed) as PageSeed);
