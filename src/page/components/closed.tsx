/** The calm page behind a link that shows nothing: unknown, taken back, or over. */

export const Closed = ({ headline, detail }: { headline: string; detail: string }) => (
  <main class="closed">
    <svg class="easel" viewBox="0 0 96 96" width="96" height="96" aria-hidden="true">
      <path d="M24 20h48v40H24zM18 60h60M34 60 22 90M62 60l12 30M48 60v22M48 20v-8" />
    </svg>
    <h1>{headline}</h1>
    <p class="detail">{detail}</p>
  </main>
);
