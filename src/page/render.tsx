/**
 * The live page as HTML from the Worker. It is whole without script (and then renews itself), takes its state along as
 * JSON for the script, and keeps to the page's policy: no inline script, no inline style, nothing from other hosts.
 */
import type { ComponentChild } from "preact";
import { renderToString } from "preact-render-to-string";
import type { PublicJob } from "../contract/job.ts";
import { Closed } from "./components/closed.tsx";
import { Page } from "./components/page.tsx";
import { faviconUrl } from "./favicon.ts";
import { sharePaths } from "./paths.ts";
import { type ShownJob, showJob } from "./shown-job.ts";
import { type ClosedKind, initialState } from "./state.ts";
import { iconOf, viewOf } from "./view.ts";
import type { Sentences } from "./words/sentences.ts";
import { type Failures, type Spoken, speak } from "./words.ts";

/** What the script finds in the element `#state`: all that it says stands in `words`. */
export type PageSeed = { token: string; words: Spoken; job: ShownJob };

/**
 * A page to render, in the language of `sentences` and `failures`; `baseUrl` is the origin that viewers use, for the link's preview
 * card.
 */
export type PageOptions = {
  job: PublicJob;
  token: string;
  sentences: Sentences;
  failures: Failures;
  baseUrl: string;
  scriptUrl: string;
  styleUrl: string;
};

/** The live page of a share link: a complete HTML document. Only fields of `ShownJob` can reach it. */
export function renderPage(options: PageOptions): string {
  const spoken: Spoken = { ...options.sentences, failures: options.failures };
  const words = speak(spoken);
  const paths = sharePaths(options.token);
  const job = showJob(options.job);
  const view = viewOf(initialState(job, paths.preview), words);
  const seed: PageSeed = { token: options.token, words: spoken, job };
  const absolute = (path: string) => new URL(path, options.baseUrl).href;
  const image = view.media.tiles.find((tile) => tile?.kind === "image")?.url ?? view.picture.frames.at(-1)?.src;
  // A chat keeps its card for years: the card's words are true at any time.
  const card = [
    ["og:type", "website"],
    ["og:site_name", "Easelcast"],
    ["og:title", job.terminal ? words.cardDone : words.cardLive],
    ["og:description", words.cardDescription],
    ["og:url", absolute(paths.page)],
    ...(image
      ? [
          ["og:image", absolute(image)],
          ["og:image:alt", words.cardDescription],
        ]
      : []),
  ];
  return htmlDocument(
    words,
    options.styleUrl,
    <>
      <title>{view.title}</title>
      <link id="icon" rel="icon" href={faviconUrl(...iconOf(view))} />
      {card.map(([property, content]) => (
        <meta key={property} property={property} content={content} />
      ))}
      <meta name="twitter:card" content={image ? "summary_large_image" : "summary"} />
      {!job.terminal && (
        <noscript>
          <meta http-equiv="refresh" content="5" />
        </noscript>
      )}
      <script type="module" src={options.scriptUrl} />
    </>,
    <>
      <div id="page">
        <Page view={view} words={words} />
      </div>
      <script type="application/json" id="state" dangerouslySetInnerHTML={{ __html: scriptJson(seed) }} />
    </>,
  );
}

/** The page of a link that shows nothing: a complete HTML document. */
export function renderClosedPage(options: { kind: ClosedKind; styleUrl: string; sentences: Sentences }): string {
  const words = options.sentences;
  const said = words.closed[options.kind];
  return htmlDocument(
    words,
    options.styleUrl,
    <>
      <title>{said.headline}</title>
      <link rel="icon" href={faviconUrl(1, "stopped")} />
    </>,
    <Closed {...said} />,
  );
}

function htmlDocument(
  words: Pick<Sentences, "lang" | "dir">,
  styleUrl: string,
  head: ComponentChild,
  body: ComponentChild,
): string {
  const html = renderToString(
    <html lang={words.lang} dir={words.dir}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex, nofollow, noimageindex" />
        <meta name="referrer" content="no-referrer" />
        <link rel="stylesheet" href={styleUrl} />
        {head}
      </head>
      <body>{body}</body>
    </html>,
  );
  return `<!doctype html>${html}`;
}

/** JSON that can stand inside a script element: no `<` can open or close anything, no line separator breaks it. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
