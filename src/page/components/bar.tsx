/** The one progress bar. Without an honest number it has no value, neither for the eye nor for a screen reader. */
import type { PageView } from "../view.ts";

/** The bar, or a plain rule of the same height once there is nothing left to wait for. */
export function Bar({ bar }: { bar: PageView["bar"] }) {
  if (!bar) return <div class="rule" aria-hidden="true" />;
  const percent = bar.value === null ? null : Math.floor(bar.value * 100);
  return (
    <div
      class="bar"
      role="progressbar"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent ?? undefined}
      aria-valuetext={bar.text}
      aria-label={bar.text}
    >
      <svg width="100%" height="6" aria-hidden="true">
        <rect class="track" width="100%" height="6" rx="3" />
        <rect
          // A new element where a number comes or goes: the width of one must not slide into that of the other.
          key={percent === null ? "sweep" : "fill"}
          class={percent === null ? "sweep" : "fill"}
          width={percent === null ? "30%" : `${percent}%`}
          height="6"
          rx="3"
        />
      </svg>
    </div>
  );
}
