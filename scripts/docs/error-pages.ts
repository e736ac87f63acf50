/** A page for each error code, for people (HTML) and for machines (Markdown), and the list of them all. */
import { ERROR_CODES, ERRORS, type ErrorCode, type Problem } from "../../src/contract/errors.ts";
import { JOB_ERROR_CODES, type JobErrorCode } from "../../src/contract/job.ts";
import { isRetryable, userMessage } from "../../src/core/job/words.ts";
import { problemMessage } from "../../src/core/words/problem-words.ts";
import type { ErrorDoc } from "../../src/docs/error-doc.ts";
import { ERROR_DOCS, JOB_ERROR_DOCS } from "../../src/docs/errors.ts";
import { block, escaped, page, prose } from "./markup.ts";

const RESERVED = "Reserved: this version never gives it.";
const STATUS_NAMES: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  422: "Unprocessable Content",
  426: "Upgrade Required",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** One meaning of a code; `invalid_workflow` and `internal` have two. */
type Meaning = {
  kind: "answer" | "job";
  title: string;
  reserved: boolean;
  /** Where it is met and whether repeating helps. */
  facts: string;
  doc: ErrorDoc;
  /** What it looks like on the wire. */
  sample: string;
};

/** Every code that has a page, in the order of the tables. */
export const DOCUMENTED_CODES: string[] = [...new Set<string>([...ERROR_CODES, ...JOB_ERROR_CODES])];

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);
const isJobErrorCode = (code: string): code is JobErrorCode => (JOB_ERROR_CODES as readonly string[]).includes(code);

function meaningsOf(code: string): Meaning[] {
  return [...(isErrorCode(code) ? [answerOf(code)] : []), ...(isJobErrorCode(code) ? [jobOf(code)] : [])];
}

function answerOf(code: ErrorCode): Meaning {
  const { status, title, retryable, reserved } = ERRORS[code];
  const repeat = retryable ? "The same request may succeed later." : "The same request will be refused again.";
  return {
    kind: "answer",
    title,
    reserved: reserved === true,
    facts: `An answer with HTTP status ${status} ${STATUS_NAMES[status] ?? ""}. ${repeat}`,
    doc: ERROR_DOCS[code],
    sample: JSON.stringify(sampleOf(code), null, 2),
  };
}

function sampleOf(code: ErrorCode): Problem {
  const { status, title, retryable } = ERRORS[code];
  return {
    type: `https://api.example.com/errors/${code}`,
    title,
    status,
    detail: "What is wrong with this very request, and what to do.",
    instance: "urn:easel:req_01kag3x7p2v9m4t8r6c5n1d0ze",
    code,
    request_id: "req_01kag3x7p2v9m4t8r6c5n1d0ze",
    retryable,
    retry_after_ms: retryable ? 1000 : null,
    user_message: problemMessage(code),
    errors: [],
  };
}

function jobOf(code: JobErrorCode): Meaning {
  const retryable = isRetryable(code);
  const error = {
    code,
    message: "For you: what happened, as exactly as it is known.",
    user_message: userMessage(code),
    retryable,
    doc_url: `https://api.example.com/errors/${code}`,
  };
  return {
    kind: "job",
    title: userMessage(code),
    reserved: JOB_ERROR_DOCS[code].reserved === true,
    facts: `The \`error.code\` of a job that ended as \`failed\` or \`expired\`. ${retryable ? "Another run may well succeed." : "Another run will most likely end the same way."}`,
    doc: JOB_ERROR_DOCS[code],
    sample: JSON.stringify({ status: "failed", terminal: true, error }, null, 2),
  };
}

const HEADINGS = { answer: "As the answer to a request", job: "As the end of a job" };

/** The files, by path under the public folder. */
export function errorPages(): Map<string, string> {
  const files = new Map([
    ["errors.html", indexHtml()],
    ["errors.md", indexMarkdown()],
  ]);
  for (const code of DOCUMENTED_CODES) {
    const meanings = meaningsOf(code);
    files.set(`errors/${code}.html`, htmlOf(code, meanings));
    files.set(`errors/${code}.md`, markdownOf(code, meanings));
  }
  return files;
}

function htmlOf(code: string, meanings: Meaning[]): string {
  const [first] = meanings;
  const level = meanings.length > 1 ? "h3" : "h2";
  const parts = meanings.map((meaning) => {
    const heading = meanings.length > 1 ? `<h2>${HEADINGS[meaning.kind]}</h2>\n` : "";
    const section = (title: string, content: string) => `<${level}>${title}</${level}>\n${content}`;
    return `${heading}<p class="lead">${prose(meaning.title)}</p>
<p>${prose(meaning.facts)}</p>
${meaning.reserved ? `<p class="note">${RESERVED}</p>\n` : ""}${section("Cause", `<p>${prose(meaning.doc.cause)}</p>`)}
${section("What to do", `<p>${prose(meaning.doc.fix)}</p>`)}
${section("Example", block(meaning.doc.example))}
${section("What it looks like", block(meaning.sample))}
<p>Show <code>user_message</code> to people: it comes in the language of <code>Accept-Language</code>.</p>`;
  });
  return page({
    title: code,
    description: first?.title ?? code,
    markdownUrl: `/errors/${code}.md`,
    body: `<h1><code>${code}</code></h1>\n${parts.join("\n")}`,
  });
}

function markdownOf(code: string, meanings: Meaning[]): string {
  const level = meanings.length > 1 ? "###" : "##";
  const parts = meanings.map(({ kind, title, facts, reserved, doc, sample }) => {
    const heading = meanings.length > 1 ? `## ${HEADINGS[kind]}\n\n` : "";
    const fence = (text: string, language = "") => `\`\`\`${language}\n${text}\n\`\`\``;
    return `${heading}${title}

${facts}
${reserved ? `\n${RESERVED}\n` : ""}
${level} Cause

${doc.cause}

${level} What to do

${doc.fix}

${level} Example

${fence(doc.example)}

${level} What it looks like

${fence(sample, "json")}
`;
  });
  return `# \`${code}\`\n\n${parts.join("\n")}\nAll codes: /errors.md\n`;
}

/** What stands on the list: codes of answers by status, then codes of jobs. */
function groups(): { heading: string; rows: { code: string; title: string; reserved: boolean }[] }[] {
  const byStatus = Map.groupBy(ERROR_CODES, (code) => ERRORS[code].status);
  return [
    ...[...byStatus].map(([status, codes]) => ({
      heading: `${status} ${STATUS_NAMES[status] ?? ""}`,
      rows: codes.map((code) => ({ code, title: ERRORS[code].title, reserved: ERRORS[code].reserved === true })),
    })),
    {
      heading: "Jobs that ended without success",
      rows: JOB_ERROR_CODES.map((code) => ({
        code,
        title: userMessage(code),
        reserved: JOB_ERROR_DOCS[code].reserved === true,
      })),
    },
  ];
}

const INTRO =
  "Every error is `application/problem+json` with a `code`. Switch on the code; show `user_message` to people, in their language; repeat the request only where `retryable` says so, not before `Retry-After`. A job that ends without success has a code of its own in `error.code`.";

function indexHtml(): string {
  const lists = groups().map(({ heading, rows }) => {
    const items = rows.map(
      ({ code, title, reserved }) =>
        `<dt><a href="/errors/${code}"><code>${code}</code></a></dt>\n<dd>${escaped(title)}${reserved ? " Reserved." : ""}</dd>`,
    );
    return `<h2>${heading}</h2>\n<dl>\n${items.join("\n")}\n</dl>`;
  });
  return page({
    title: "Errors",
    description: "Every error code: cause, fix and an example.",
    markdownUrl: "/errors.md",
    body: `<h1>Errors</h1>\n<p>${prose(INTRO)}</p>\n${lists.join("\n")}`,
  });
}

function indexMarkdown(): string {
  const lists = groups().map(({ heading, rows }) => {
    const items = rows.map(
      ({ code, title, reserved }) => `- [\`${code}\`](/errors/${code}.md): ${title}${reserved ? " Reserved." : ""}`,
    );
    return `## ${heading}\n\n${items.join("\n")}\n`;
  });
  return `# Errors\n\n${INTRO}\n\n${lists.join("\n")}`;
}
