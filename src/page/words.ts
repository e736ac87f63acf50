/**
 * The words of the live page in one language: its sentences, with numbers, places, durations and days put into them as Intl
 * does it in that language. Made from data that came with the page, so the script carries no language itself.
 */
import type { JobErrorCode } from "../contract/job.ts";
import type { Plural, Sentences } from "./words/sentences.ts";

/** Why a job failed, by code: the sentences that the whole service tells, so the page has none of its own. */
export type Failures = Record<JobErrorCode, string>;
/** All that a language is made of, as data. */
export type Spoken = Sentences & { failures: Failures };

type Fillings = {
  /** A share (0..1) as a percentage, rounded down. */
  percent(share: number): string;
  duration(ms: number): string;
  about(duration: string): string;
  /** Places count from 1. */
  place(position: number): string;
  /** A whole sentence. */
  startsIn(duration: string): string;
  step(step: number, steps: number): string;
  left(duration: string): string;
  fileSize(bytes: number): string;
  dimensions(width: number, height: number): string;
  /** The day of an ISO time, in UTC. */
  day(iso: string): string;
  ready(done: number, total: number | null): string;
  picture(index: number, total: number): string;
  doneIn(duration: string): string;
  removedOn(day: string): string;
  lastUpdate(agoMs: number): string;
  milestone(phase: string, percent: string): string;
  watching(people: number): string;
};

/** One language, ready to be used. */
export type Words = Omit<Spoken, keyof Fillings | "namedPlaces"> & Fillings;

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** A pattern with its `{places}` filled in. */
const filled = (pattern: string, places: Record<string, string>): string =>
  pattern.replace(/\{(\w+)\}/g, (place, name: string) => places[name] ?? place);

/** The words for the sentences of a language. */
export function speak(spoken: Spoken): Words {
  const { lang, namedPlaces, ...sentences } = spoken;
  const number = (value: number, options?: Intl.NumberFormatOptions) =>
    new Intl.NumberFormat(lang, options).format(value);
  const counted = (forms: Plural, count: number, type: Intl.PluralRuleType) =>
    (forms[new Intl.PluralRules(lang, { type }).select(count)] ?? forms.other).replace("#", number(count));
  const unit = (value: number, name: string, unitDisplay: "long" | "short" = "long", maximumFractionDigits = 0) =>
    number(value, { style: "unit", unit: name, unitDisplay, maximumFractionDigits });
  return {
    ...sentences,
    lang,
    percent: (share) => number(Math.floor(share * 100) / 100, { style: "percent" }),
    duration(ms) {
      const seconds = Math.max(1, Math.round(ms / 1000));
      if (seconds < 60) return unit(seconds, "second");
      const minutes = Math.floor(seconds / 60);
      if (minutes >= 60) return unit(ms / HOUR_MS, "hour", "long", 1);
      return minutes < 5 && seconds % 60 > 0
        ? `${unit(minutes, "minute", "short")} ${unit(seconds % 60, "second", "short")}`
        : unit(Math.round(seconds / 60), "minute");
    },
    about: (duration) => filled(spoken.about, { duration }),
    place: (position) => namedPlaces[Math.max(1, position) - 1] ?? counted(spoken.place, position, "ordinal"),
    // A short unit may end with a full stop of its own.
    startsIn: (duration) => filled(spoken.startsIn, { duration }).replace("..", "."),
    step: (step, steps) => filled(spoken.step, { step: number(step), steps: number(steps) }),
    left: (duration) => filled(spoken.left, { duration }),
    fileSize: (bytes) =>
      bytes < 1e6
        ? unit(Math.max(1, Math.round(bytes / 1e3)), "kilobyte", "short")
        : unit(bytes / 1e6, "megabyte", "short", 1),
    dimensions: (width, height) => [width, height].map((edge) => number(edge, { useGrouping: false })).join(" × "),
    day: (iso) =>
      new Intl.DateTimeFormat(lang, { day: "numeric", month: "long", timeZone: "UTC" }).format(new Date(iso)),
    ready: (done, total) =>
      total === null
        ? filled(spoken.readySoFar, { done: number(done) })
        : filled(spoken.ready, { done: number(done), total: number(total) }),
    picture: (index, total) =>
      total > 1 ? filled(spoken.picture, { index: number(index), total: number(total) }) : spoken.onePicture,
    doneIn: (duration) => filled(spoken.doneIn, { duration }),
    removedOn: (day) => filled(spoken.removedOn, { day }),
    lastUpdate(agoMs) {
      const ago = new Intl.RelativeTimeFormat(lang, { style: "short" });
      const seconds = Math.max(1, Math.round(agoMs / 1000));
      const said =
        agoMs < 1.5 * MINUTE_MS ? ago.format(-seconds, "second") : ago.format(-Math.round(seconds / 60), "minute");
      return filled(spoken.lastUpdate, { ago: said });
    },
    milestone: (phase, percent) => filled(spoken.milestone, { phase, percent }),
    watching: (people) => counted(spoken.watching, people, "cardinal"),
  };
}
