/** The HTML of the live page: policy, escaping, secrecy, and what works without script. */
import { describe, expect, it } from "vitest";
import { pageSamples, sampleJob, sampleOutput, sampleProgress } from "../../scripts/page-samples.ts";
import type { PublicJob } from "../../src/contract/job.ts";
import { MESSAGES } from "../../src/core/words/all-messages.ts";
import { LANGUAGES, type Lang } from "../../src/core/words/languages.ts";
import { type PageSeed, renderClosedPage, renderPage } from "../../src/page/render.tsx";
import { SENTENCES } from "../../src/page/words/all-sentences.ts";

const styleUrl = "/assets/live.css";
const options = { token: "tok", baseUrl: "https://live.example", scriptUrl: "/assets/live.js", styleUrl };
const html = (job: PublicJob, lang: Lang = "en") =>
  renderPage({ ...options, sentences: SENTENCES[lang], failures: MESSAGES[lang].failures, job });
const painting = sampleProgress({ value: 0.62, step: 15, steps: 24 });
const running = sampleJob({ status: "running", phase: "sampling", queue: null, progress: painting });
const succeeded = (changes: Partial<PublicJob>) =>
  sampleJob({
    status: "succeeded",
    terminal: true,
    phase: "done",
    queue: null,
    outputs: [sampleOutput(0)],
    ...changes,
  });
const seedOf = (page: string) => /<script type="application\/json" id="state">(.*?)<\/script>/s.exec(page)?.[1] ?? "";

const HOSTILE = `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'&\u2028`;

describe("the page's policy", () => {
  const pages = [
    ...pageSamples.map((sample) => [sample.name, html(sample.job)] as const),
    ...(["unknown", "revoked", "expired"] as const).map(
      (kind) => [kind, renderClosedPage({ kind, styleUrl, sentences: SENTENCES.en })] as const,
    ),
  ];

  it.each(pages)("is kept by %s: no inline style, script or handler, nothing from elsewhere", (_, page) => {
    expect(page).not.toMatch(/<[^>]*\s(?:style|on[a-z]+)=/i);
    expect(page).not.toContain("<style");
    const scripts = [...page.matchAll(/<script\b[^>]*>/g)].map(([tag]) => tag);
    expect(
      scripts.filter((tag) => !tag.includes(' src="/assets/') && !tag.includes('type="application/json"')),
    ).toEqual([]);
    for (const [, url] of page.matchAll(/<(?:img|script|link|video|audio|a)\b[^>]*\s(?:src|href)="([^"]*)"/g)) {
      expect(url).toMatch(/^(?:\/[^/]|data:image\/svg\+xml,)/);
    }
  });

  it.each(pages)("asks robots and referrers to keep %s to itself", (_, page) => {
    expect(page.startsWith("<!doctype html><html lang=")).toBe(true);
    expect(page).toContain('<meta name="robots" content="noindex, nofollow, noimageindex"/>');
    expect(page).toContain('<meta name="referrer" content="no-referrer"/>');
  });
});

describe("hostile text", () => {
  const outputs = [
    sampleOutput(0, { name: HOSTILE, label: HOSTILE }),
    sampleOutput(1, { type: "text", name: HOSTILE, label: HOSTILE, url: null, text: HOSTILE }),
  ];
  const pages = {
    "in a headline": html({ ...running, phase: "new" as "saving", headline: HOSTILE }),
    "in an error": html(
      sampleJob({
        status: "failed",
        terminal: true,
        error: { code: "unheard_of" as "internal", user_message: HOSTILE, retryable: true },
      }),
    ),
    "in outputs": html(succeeded({ outputs })),
  };

  it.each(Object.entries(pages))("%s stays text", (_, page) => {
    expect(page.match(/<script\b/g)?.length).toBe(2);
    expect(page).not.toContain("<img src=x");
    expect(JSON.stringify(JSON.parse(seedOf(page)))).toContain("alert(1)");
    expect(seedOf(page)).not.toMatch(/[<>&\u2028]/);
  });

  it("as a URL is no link", () => {
    for (const url of ["javascript:alert(1)", "//evil.example/x", "data:text/html,x"]) {
      const page = html(succeeded({ outputs: [sampleOutput(0, { url })] }));
      expect(page).not.toContain(url);
      expect(page).toContain('data-state="media_gone"');
    }
  });
});

describe("secrecy", () => {
  it("lets nothing out that the page does not show", () => {
    const secret = "SECRET";
    const job = {
      ...running,
      seed: secret,
      metadata: { screen: secret },
      inputs: { prompt: secret },
      workflow: { id: secret, version: 1, name: secret },
      backend: { kind: secret, worker: secret, prompt_id: secret },
      links: { self: secret },
      cancel: { requested_at: secret, by: secret, reason: secret },
      warnings: [{ code: secret, message: secret }],
      error: { code: "internal", user_message: "Plain.", retryable: false, message: secret, traceback: secret },
      progress: {
        ...painting,
        message: secret,
        current_node: secret,
        current_node_class: secret,
        current_node_title: secret,
      },
      preview: { rev: 3, url: secret, content_type: secret, width: 1, height: 1, node_id: secret, prompt: secret },
      outputs: [{ ...sampleOutput(0), node_id: secret, hash: secret, job_id: secret, prompt: secret }],
    } as unknown as PublicJob;
    expect(html(job)).not.toContain(secret);
  });
});

describe("the progress bar", () => {
  it("has its value for the eye and for a screen reader", () => {
    const page = html(running);
    expect(page).toContain('role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="62"');
    expect(page).toContain('aria-valuetext="Painting · 15 of 24"');
    expect(page).toContain('class="fill" width="62%"');
  });

  it("has no value when there is none", () => {
    const page = html(sampleJob());
    expect(page).toContain('role="progressbar"');
    expect(page).not.toContain("aria-valuenow");
  });
});

describe("without script", () => {
  it("the page renews itself until the job is over", () => {
    const refresh = '<noscript><meta http-equiv="refresh" content="5"/></noscript>';
    expect(html(running)).toContain(refresh);
    expect(html(succeeded({}))).not.toContain("http-equiv");
  });

  it("the newest preview and the results are plain images and links", () => {
    const preview = { rev: 4, url: null, content_type: "image/png", width: 8, height: 8, size_bytes: 1 };
    expect(html({ ...running, preview: { ...preview, node_id: null, step: null, steps: null } })).toContain(
      'src="/s/tok/preview?rev=4" alt="Unfinished preview"',
    );
    expect(html(succeeded({}))).toContain('href="/s/sample/m/0/original?download"');
  });

  it("the picture area has its shape from attributes", () => {
    expect(html(running)).toContain('viewBox="0 0 2737 4000"');
  });
});

describe("the link's card", () => {
  it("is timeless: no percentage, no place in line", () => {
    const card = (page: string) => [...page.matchAll(/property="og:[^>]*>/g)].join();
    expect(card(html(running))).toContain('og:title" content="Watch this picture being made"');
    expect(card(html(running))).not.toMatch(/62|15 of 24/);
    expect(card(html(succeeded({})))).toContain('og:image" content="https://live.example/s/sample/m/0/original"');
  });
});

describe("an AI-generated picture", () => {
  it.each(pageSamples.map((sample) => [sample.name, sample.job] as const))("is called that in %s", (_, job) => {
    expect(html(job)).toContain("AI-generated");
  });
});

describe.each(LANGUAGES)("the page in %s", (lang) => {
  const direction = lang === "ar" ? "rtl" : "ltr";

  it("[S6] says which language it is in, and which way that runs", () => {
    const opening = `<!doctype html><html lang="${lang}" dir="${direction}">`;
    expect(html(running, lang).startsWith(opening)).toBe(true);
    expect(renderClosedPage({ kind: "revoked", styleUrl, sentences: SENTENCES[lang] }).startsWith(opening)).toBe(true);
  });

  it("[S6] hands the script all words of the language and of no other", () => {
    const { words } = JSON.parse(seedOf(html(running, lang))) as PageSeed;
    expect(words).toEqual({ ...SENTENCES[lang], failures: MESSAGES[lang].failures });
    const others = LANGUAGES.filter((other) => other !== lang).map((other) => SENTENCES[other].cardLive);
    for (const other of others) expect(html(running, lang)).not.toContain(other);
  });

  it("[S6] says why a job failed, whatever language the job itself speaks", () => {
    const error = { code: "out_of_memory", user_message: MESSAGES.en.failures.out_of_memory, retryable: true } as const;
    const page = html(sampleJob({ status: "failed", terminal: true, error }), lang);
    expect(page).toContain(`<h1>${MESSAGES[lang].failures.out_of_memory}</h1>`);
  });
});
