/** A job document in another language, and in English again. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JobErrorCode, JobPhase } from "../../../src/contract/job.ts";
import {
  JOB_ERROR_CODES,
  JOB_PHASES,
  JOB_STATUSES,
  type NOTICE_CODES,
  QUEUE_REASONS,
} from "../../../src/contract/job.ts";
import { jobOf, type View } from "../../../src/core/job/project.ts";
import { publicJobOf } from "../../../src/core/job/project-public.ts";
import type { JobState } from "../../../src/core/job/state.ts";
import { SILENCE_MS } from "../../../src/core/job/timing.ts";
import { headline, type Moment, noticeMessage, userMessage } from "../../../src/core/job/words.ts";
import { LANGUAGES, type Lang } from "../../../src/core/words/languages.ts";
import { localizeJob } from "../../../src/core/words/localize-job.ts";
import { Driver, REACHABLE } from "../../support/job-driver.ts";
import { happen } from "../../support/job-fuzz.ts";
import { endedBy, failureOf, fileOf, nodeState, START, success } from "../../support/job-samples.ts";

const viewAt = (now: number): View => ({
  now,
  outputUrl: () => ({ url: "https://api.example/m/x", expiresAt: START }),
  previewUrl: () => null,
  viewers: { now: 0, peak: 0, total: 0 },
  share: null,
});

const inLine = (ahead: number | null, reason: (typeof QUEUE_REASONS)[number]) =>
  new Driver().to("queued").send({
    type: "queue_place",
    place: { position: ahead === null ? null : ahead + 1, ahead, reason, estStartMs: null },
  });

const failed = (code: JobErrorCode) =>
  new Driver()
    .to("running")
    .hint()
    .found(endedBy("error", failureOf({ code })));

const nextAttempt = () => {
  const job = new Driver().to("running").cut();
  while (job.state.attempt === 1) job.sleep(60_000).found({ type: "absent" });
  return job;
};

const UNREACHABLE = { type: "unreachable", fault: { kind: "timeout" } } as const;
const STATES: [string, () => Driver][] = [
  ...REACHABLE.map((name): [string, () => Driver] => [name, () => new Driver().to(name)]),
  ...QUEUE_REASONS.flatMap((reason) =>
    [null, 0, 1, 12].map((ahead): [string, () => Driver] => [`${ahead} ahead, ${reason}`, () => inLine(ahead, reason)]),
  ),
  ...JOB_ERROR_CODES.map((code): [string, () => Driver] => [`failed: ${code}`, () => failed(code)]),
  [
    "with time left",
    () =>
      new Driver()
        .to("running")
        .report(nodeState("3", 2, 20))
        .wait(2000)
        .report(nodeState("3", 10, 20)),
  ],
  ["cut", () => new Driver().to("running").cut()],
  ["silent", () => new Driver().to("running").wait(SILENCE_MS)],
  ["not answering", () => new Driver().to("running").cut().found(UNREACHABLE)],
  ["trying again", nextAttempt],
  ["canceling", () => new Driver().to("running").cancel()],
  ["canceled", () => new Driver().to("queued").cancel()],
  ["expired", () => new Driver().to("queued").wait(2 * 3_600_000)],
  [
    "collecting",
    () =>
      new Driver()
        .to("running")
        .hint()
        .found(success(fileOf("9"))),
  ],
];

/** What the server writes is what the localisation writes in English, for the owner and for viewers. */
const expectSameInEnglish = (state: JobState, now: number) => {
  const job = jobOf(state, viewAt(now));
  expect(localizeJob(job, "en")).toEqual(job);
  const seen = publicJobOf(state, viewAt(now));
  expect(localizeJob(seen, "en")).toEqual(seen);
};

describe("a job in English", () => {
  it.each(STATES)("[S6] is what the server wrote: %s", (_name, make) => {
    const job = make();
    expectSameInEnglish(job.state, job.now);
  });

  it("[S6] is what the server wrote, wherever chance has led the job", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 60 }), (numbers) => {
        const job = new Driver().created();
        for (const number of numbers) happen(job, number);
        expectSameInEnglish(job.state, job.now);
      }),
      { numRuns: 200 },
    );
  });

  const moment: Moment = {
    status: "queued",
    phase: "waiting",
    attempt: 1,
    ahead: null,
    reason: null,
    etaMs: null,
    error: null,
  };
  it.each<[string, Partial<Moment>]>([
    ["Waiting for its turn", {}],
    ["Next in line", { ahead: 0 }],
    ["Next in line – the painter is busy", { ahead: 0, reason: "workers_busy" }],
    ["1 ahead in line", { ahead: 1 }],
    ["1234 ahead in line – earlier pictures come first", { ahead: 1234, reason: "your_concurrency" }],
    ["Waiting – the painter is offline", { ahead: 3, reason: "backend_offline" }],
    ["Trying again", { attempt: 2 }],
    ["Getting ready", { phase: "assigning" }],
    ["Painting", { status: "running", phase: "sampling" }],
    ["Painting – about 1 second left", { status: "running", phase: "sampling", etaMs: 10 }],
    ["Painting – about 4 seconds left", { status: "running", phase: "sampling", etaMs: 4200 }],
    ["Painting – about 1 minute left", { status: "running", phase: "sampling", etaMs: 60_000 }],
    ["Painting – about 90 minutes left", { status: "running", phase: "sampling", etaMs: 5_400_000 }],
    ["Stopping", { status: "canceling" }],
    ["Stopped", { status: "canceled" }],
    ["Done", { status: "succeeded" }],
    ["It took too long.", { status: "expired", error: "run_timeout" }],
    ["It took too long to start.", { status: "expired" }],
  ])("[S6] reads: %s", (text, part) => {
    expect(headline({ ...moment, ...part })).toBe(text);
  });
});

describe("a job in another language", () => {
  it("[S6] differs in its sentences for people and in nothing else", () => {
    const failure = failed("out_of_memory");
    const job = jobOf(failure.state, viewAt(failure.now));
    const german = localizeJob(job, "de");
    expect(german.headline).toBe(userMessage("out_of_memory", "de"));
    expect(german.error?.user_message).toBe(userMessage("out_of_memory", "de"));
    expect(german).toEqual({
      ...job,
      headline: german.headline,
      error: job.error && { ...job.error, user_message: german.error?.user_message },
    });
    const cut = new Driver().to("running").cut();
    const notice = localizeJob(jobOf(cut.state, viewAt(cut.now)), "ja").notice;
    expect(notice).toEqual({ code: "connection_lost", message: noticeMessage("connection_lost", "ja") });
  });

  it("[S6] counts and bends as the language does", () => {
    const painting = {
      status: "running",
      phase: "sampling",
      attempt: 1,
      ahead: null,
      reason: null,
      error: null,
    } as const;
    const waiting = { ...painting, status: "queued", phase: "waiting", reason: "workers_busy", etaMs: null } as const;
    const told = (lang: Lang) => [
      headline({ ...painting, etaMs: 1000 }, lang),
      headline({ ...painting, etaMs: 2000 }, lang),
      headline({ ...painting, etaMs: 300_000 }, lang),
      headline({ ...waiting, ahead: 0 }, lang),
      headline({ ...waiting, ahead: 3 }, lang),
    ];
    expect(Object.fromEntries(LANGUAGES.map((lang) => [lang, told(lang)]))).toMatchInlineSnapshot(`
      {
        "ar": [
          "جارٍ الرسم – تتبقى ثانية واحدة تقريبًا",
          "جارٍ الرسم – تتبقى ثانيتان تقريبًا",
          "جارٍ الرسم – تتبقى 5 دقائق تقريبًا",
          "الدور التالي لها – المرسم مشغول",
          "3 صور قبلها في الدور – المرسم مشغول",
        ],
        "de": [
          "Wird gemalt – noch etwa 1 Sekunde",
          "Wird gemalt – noch etwa 2 Sekunden",
          "Wird gemalt – noch etwa 5 Minuten",
          "Als Nächstes an der Reihe – das Atelier ist gerade beschäftigt",
          "Noch 3 Bilder davor – das Atelier ist gerade beschäftigt",
        ],
        "en": [
          "Painting – about 1 second left",
          "Painting – about 2 seconds left",
          "Painting – about 5 minutes left",
          "Next in line – the painter is busy",
          "3 ahead in line – the painter is busy",
        ],
        "es": [
          "Pintando: falta alrededor de 1 segundo",
          "Pintando: faltan unos 2 segundos",
          "Pintando: faltan unos 5 minutos",
          "Es la siguiente en la cola: el estudio está ocupado",
          "3 imágenes por delante en la cola: el estudio está ocupado",
        ],
        "fr": [
          "Peinture en cours – encore environ 1 seconde",
          "Peinture en cours – encore environ 2 secondes",
          "Peinture en cours – encore environ 5 minutes",
          "En tête de la file d’attente – l’atelier est occupé",
          "3 images avant celle-ci – l’atelier est occupé",
        ],
        "hi": [
          "चित्र बन रहा है – लगभग 1 सेकंड बाकी",
          "चित्र बन रहा है – लगभग 2 सेकंड बाकी",
          "चित्र बन रहा है – लगभग 5 मिनट बाकी",
          "अगली बारी इसी की है – स्टूडियो व्यस्त है",
          "कतार में 3 चित्र आगे हैं – स्टूडियो व्यस्त है",
        ],
        "ja": [
          "描いています（残り約1秒）",
          "描いています（残り約2秒）",
          "描いています（残り約5分）",
          "次の順番です。アトリエが混み合っています",
          "順番待ち（前に3件）。アトリエが混み合っています",
        ],
        "ko": [
          "그리는 중 – 약 1초 남음",
          "그리는 중 – 약 2초 남음",
          "그리는 중 – 약 5분 남음",
          "다음 차례 – 작업실이 바쁩니다",
          "앞에 3개 대기 중 – 작업실이 바쁩니다",
        ],
        "pt-BR": [
          "Pintando – falta cerca de 1 segundo",
          "Pintando – faltam cerca de 2 segundos",
          "Pintando – faltam cerca de 5 minutos",
          "É a próxima da fila – o ateliê está ocupado",
          "3 imagens à frente na fila – o ateliê está ocupado",
        ],
        "zh-Hans": [
          "正在绘制，还需约 1 秒",
          "正在绘制，还需约 2 秒",
          "正在绘制，还需约 5 分钟",
          "下一个就轮到了，画室正忙",
          "前面还有 3 张，画室正忙",
        ],
      }
    `);
  });

  it("[S6] has a whole sentence for every moment", () => {
    const moment = fc.record({
      status: fc.constantFrom(...JOB_STATUSES),
      phase: fc.constantFrom(...JOB_PHASES),
      attempt: fc.integer({ min: 1, max: 3 }),
      ahead: fc.option(fc.nat()),
      reason: fc.option(fc.constantFrom(...QUEUE_REASONS)),
      etaMs: fc.option(fc.nat()),
      error: fc.option(fc.constantFrom(...JOB_ERROR_CODES)),
    });
    fc.assert(
      fc.property(moment, fc.constantFrom(...LANGUAGES), (one, lang) => {
        expect(headline(one, lang)).toMatch(/^[^{}#]*\p{L}[^{}#]*$/u);
      }),
    );
  });

  it("[S6] keeps the sentence of what this version has no word for", () => {
    const running = new Driver().to("running");
    const job = {
      ...jobOf(running.state, viewAt(running.now)),
      phase: "varnishing" as JobPhase,
      headline: "Varnishing",
    };
    expect(localizeJob(job, "fr")).toEqual(job);
    const newer = { code: "asleep" as (typeof NOTICE_CODES)[number], message: "It sleeps." };
    expect(localizeJob({ ...job, notice: newer }, "fr").notice).toEqual(newer);
    const inherited = { ...job, phase: "constructor" as JobPhase };
    expect(localizeJob(inherited, "fr").headline).toBe("Varnishing");
  });
});
