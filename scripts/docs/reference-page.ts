/**
 * The API reference at /docs: Scalar, from its package, shown from this origin alone. Its content security policy forbids every
 * other host, so that a setting that a later version adds cannot call home.
 */
import { TITLE } from "../../src/docs/introduction.ts";

/** Settings of Scalar. Trying calls out is off: it would invite people to paste secret keys into a page. */
const SETTINGS = {
  url: "/openapi.json",
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  proxyUrl: "",
  showDeveloperTools: "never",
  hideClientButton: true,
  hideTestRequestButton: true,
  persistAuth: false,
  documentDownloadType: "direct",
  showOperationId: true,
};

const REFERENCE_HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API reference · ${TITLE}</title>
<meta name="description" content="Every call of the ${TITLE} API.">
<link rel="icon" href="data:,">
</head>
<body>
<div id="reference"></div>
<noscript><p>This page needs script. The same without it: <a href="/llms-full.txt">every call as text</a>, <a href="/openapi.json">the OpenAPI document</a>, <a href="/errors">the errors</a>.</p></noscript>
<script src="/docs/scalar.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

/** The files, by path under the public folder; Scalar's own script lies beside them as docs/scalar.js. */
export const referencePage = (): Map<string, string> =>
  new Map([
    ["docs.html", REFERENCE_HTML],
    ["docs/start.js", `Scalar.createApiReference("#reference", ${JSON.stringify(SETTINGS)});\n`],
  ]);

const PAGE_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const REFERENCE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Headers of the static files (Workers Static Assets reads this file). */
export const STATIC_HEADERS = `/errors
  Content-Security-Policy: ${PAGE_POLICY}
/errors/*
  Content-Security-Policy: ${PAGE_POLICY}
/docs
  Content-Security-Policy: ${REFERENCE_POLICY}
/openapi.json
  Access-Control-Allow-Origin: *
/*
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
`;
