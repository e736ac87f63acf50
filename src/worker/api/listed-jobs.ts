/**
 * Rows of the index as job documents. A job that has ended is shown as it was written down at its end, its links made
 * new; one that has not is asked for what it is now.
 */
import type { Context } from "hono";
import type { Job } from "../../contract/job.ts";
import { timestamp } from "../../core/job/project.ts";
import type { ListedJob } from "../../core/tenant/vocabulary.ts";
import { localizeJob } from "../../core/words/localize-job.ts";
import { MediaLinks } from "../artifacts/media-links.ts";
import { configOf } from "../config.ts";
import type { ApiEnv } from "./api-env.ts";
import { readerOf } from "./auth/principal.ts";
import { jobStub, langOf } from "./jobs.ts";

/** Jobs asked at once. */
const AT_ONCE = 20;

/** The documents of these rows, in their order; rows whose job has just gone are left out. */
export async function shownJobs(c: Context<ApiEnv>, rows: readonly ListedJob[], compact: boolean): Promise<Job[]> {
  const lang = langOf(c);
  c.header("content-language", lang);
  c.header("vary", "Accept-Language");
  const links = new MediaLinks(configOf(c.env).signingSecrets[0]);
  const origin = new URL(c.req.url).origin;
  const jobs: Job[] = [];
  for (let first = 0; first < rows.length; first += AT_ONCE) {
    const read = await Promise.all(rows.slice(first, first + AT_ONCE).map((row) => documentOf(c, row, links, origin)));
    jobs.push(...read.filter((job) => job !== null));
  }
  return jobs.map((job) => {
    const cut = compact ? { ...job, inputs: null, warnings: [] } : job;
    return lang === "en" ? cut : localizeJob(cut, lang);
  });
}

async function documentOf(c: Context<ApiEnv>, row: ListedJob, links: MediaLinks, origin: string): Promise<Job | null> {
  const principal = c.get("principal");
  if (row.doc === null) {
    const read = await (await jobStub(c.env, principal, row.jobId)).read(readerOf(principal));
    return read.type === "found" ? (JSON.parse(read.json) as Job) : null;
  }
  const job = JSON.parse(row.doc) as Job;
  const linked = job.outputs.filter((output) => output.text === null && output.metadata_stripped);
  await links.prepare(origin, linked, Date.now());
  const outputs = job.outputs.map((output) => {
    const link = linked.includes(output) ? links.get(output.id) : null;
    return link ? { ...output, url: link.url, url_expires_at: timestamp(link.expiresAt) } : output;
  });
  return { ...job, outputs, backend: principal.user === null ? job.backend : null };
}
