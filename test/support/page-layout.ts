/** Whether a page has room for what it says: measured on the laid-out page, as a person would see it. */
import type { Page } from "playwright-core";

/**
 * One line for each thing that is wrong: a page that scrolls sideways, a text that leaves the screen, that leaves the box it
 * stands in, or that a box around it cuts off. Texts for screen readers alone are passed over.
 */
export const layoutFaults = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const SLACK_PX = 1;
    const faults: string[] = [];
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) faults.push(`the page is ${scrollWidth - clientWidth} px too wide`);
    const leaves = (inner: DOMRect, outer: DOMRect, axis: "x" | "y") =>
      axis === "x"
        ? inner.left < outer.left - SLACK_PX || inner.right > outer.right + SLACK_PX
        : inner.top < outer.top - SLACK_PX || inner.bottom > outer.bottom + SLACK_PX;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      const element = text.parentElement;
      if (!text.textContent?.trim() || !element?.checkVisibility({ visibilityProperty: true })) continue;
      if (element.closest(".unseen, script, noscript")) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      const said = range.getBoundingClientRect();
      const name = `"${text.textContent}" of ${element.className || element.tagName}`;
      if (said.left < -SLACK_PX || said.right > clientWidth + SLACK_PX) faults.push(`${name} leaves the screen`);
      if (leaves(said, element.getBoundingClientRect(), "x")) faults.push(`${name} leaves its box`);
      for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
        const { overflowX, overflowY } = getComputedStyle(box);
        const around = box.getBoundingClientRect();
        const cut = (overflow: string) => overflow === "hidden" || overflow === "clip";
        if (cut(overflowX) && leaves(said, around, "x")) faults.push(`${name} is cut off`);
        if (cut(overflowY) && leaves(said, around, "y")) faults.push(`${name} is cut off`);
      }
    }
    return faults;
  });
