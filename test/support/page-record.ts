/** Writes down, inside the page and from its first moment, what a viewer's eye would follow: the bar, the picture, its box. */
import type { Page } from "playwright-core";

/** What the page showed, each list without repetitions in a row. */
export type PageRecord = {
  /** `aria-valuenow`; null where there was no number. */
  values: (number | null)[];
  /** Width of the bar's fill as drawn, in CSS pixels. */
  fills: number[];
  titles: string[];
  headlines: string[];
  /** Sources of the unfinished pictures that were on top. */
  previews: string[];
  /** The picture area as `left top width height`, from the moment it was styled. */
  boxes: string[];
  /** Notices that the connection was away. */
  notices: string[];
  /** Sum of all layout shifts, without the grace that user input gets. */
  shift: number;
  /** What moved, for the message of a failing test. */
  shifted: string[];
};

type Recording = { record: PageRecord };

/** Starts the record; to be called before the page goes to its URL. */
export const startRecord = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    const record: PageRecord = {
      values: [],
      fills: [],
      titles: [],
      headlines: [],
      previews: [],
      boxes: [],
      notices: [],
      shift: 0,
      shifted: [],
    };
    (globalThis as unknown as Recording).record = record;
    const add = <T>(list: T[], value: T) => {
      if (list.at(-1) !== value || list.length === 0) list.push(value);
    };
    const look = () => {
      const find = (selector: string) => document.querySelector(selector);
      const bar = find("[role=progressbar]");
      const value = bar?.getAttribute("aria-valuenow");
      if (bar) add(record.values, value == null ? null : Number(value));
      const fill = find(".fill");
      if (fill) add(record.fills, Math.round(fill.getBoundingClientRect().width * 10) / 10);
      if (document.title) add(record.titles, document.title);
      const headline = find("h1")?.textContent;
      if (headline) add(record.headlines, headline);
      const preview = [...document.querySelectorAll<HTMLImageElement>("img.frame")].at(-1)?.src;
      if (preview) add(record.previews, preview);
      const notice = find(".notice.up")?.textContent;
      if (notice) add(record.notices, notice);
      const stage = find(".stage");
      if (stage && document.readyState !== "loading") {
        const { left, top, width, height } = stage.getBoundingClientRect();
        add(record.boxes, [left, top, width, height].map(Math.round).join(" "));
      }
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
    const everyFrame = () => {
      look();
      requestAnimationFrame(everyFrame);
    };
    requestAnimationFrame(everyFrame);
    type Shift = PerformanceEntry & {
      value: number;
      sources: { node: Node | null; previousRect: DOMRectReadOnly; currentRect: DOMRectReadOnly }[];
    };
    const text = ({ x, y, width, height }: DOMRectReadOnly) => [x, y, width, height].map(Math.round).join(" ");
    new PerformanceObserver((list) => {
      for (const { value, sources } of list.getEntries() as Shift[]) {
        record.shift += value;
        for (const { node, previousRect, currentRect } of sources) {
          const name = node instanceof Element ? `${node.tagName}.${node.getAttribute("class")}` : node?.textContent;
          record.shifted.push(`${value.toFixed(4)} ${name}: ${text(previousRect)} > ${text(currentRect)}`);
        }
      }
    }).observe({ type: "layout-shift", buffered: true });
  });

/** The record so far. */
export const readRecord = (page: Page): Promise<PageRecord> =>
  page.evaluate(() => (globalThis as unknown as Recording).record);
