/** The page's few icons, drawn as one stroke each. They say nothing on their own: a word stands beside or behind. */

const PATHS = {
  download: "M12 4v11m-5-4.5 5 5 5-5M5 20h14",
  share: "M12 15V4m-4.5 4L12 3.5 16.5 8M6 12v7.5h12V12",
  open: "M14 4h6v6m0-6-8 8M18 14v5.5H4.5V6H10",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Zm9.5 3a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  check: "m5 12.5 4.5 4.5L19 7.5",
};

/** An icon of the text's colour and size. */
export const Icon = ({ name }: { name: keyof typeof PATHS }) => (
  <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
);
