/** HTML of the documentation's pages: escaped text, code between backticks, one frame for all of them. */

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text as HTML. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character);

/** A sentence as HTML; what stands between backticks is code. */
export const prose = (text: string): string => escaped(text).replace(/`([^`]+)`/g, "<code>$1</code>");

/** Preformatted text as HTML; it can be scrolled by keyboard too. */
export const block = (text: string): string => `<pre tabindex="0"><code>${escaped(text)}</code></pre>`;

export type Page = { title: string; description: string; body: string; markdownUrl: string };

/** A whole page. It needs nothing but its one style sheet. */
export const page = ({ title, description, body, markdownUrl }: Page): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · Easelcast</title>
<meta name="description" content="${escaped(description)}">
<link rel="alternate" type="text/markdown" href="${markdownUrl}">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/docs.css">
</head>
<body>
<header>
<a href="/docs">API reference</a>
<a href="/errors">Errors</a>
<a href="${markdownUrl}">This page as Markdown</a>
</header>
<main>
${body}
</main>
</body>
</html>
`;
