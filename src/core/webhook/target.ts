/**
 * Which URLs webhooks may go to: public ones (core/util/safe-url.ts) that are not the service itself, which would call
 * itself forever. Asked before a URL is saved and again before every send.
 */
import { err, ok, type Result } from "../util/result.ts";
import { checkUrl, type UrlRules } from "../util/safe-url.ts";

/** `ownHosts`: where the service itself is reached, as `host` or `host:port`. */
export type TargetRules = UrlRules & { ownHosts: readonly string[] };

const LOCAL_NAMES = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** The URL to call, without its fragment, else a clause that says what is wrong with it and quotes nothing of it. */
export function checkTarget(text: string, rules: TargetRules): Result<URL, string> {
  const checked = checkUrl(text, rules);
  if (!checked.ok) return checked;
  const url = checked.value;
  if (rules.ownHosts.some((own) => isOwn(url, own))) return err("must not lead back to this service");
  url.hash = "";
  return ok(url);
}

/** A public host is ours with all its ports, other names beside or below it are not; of this machine only our port is. */
function isOwn(url: URL, own: string): boolean {
  if (!URL.canParse(`${url.protocol}//${own}`)) return false;
  const ours = new URL(`${url.protocol}//${own}`);
  if (LOCAL_NAMES.test(url.hostname)) return LOCAL_NAMES.test(ours.hostname) && url.port === ours.port;
  return url.hostname === ours.hostname;
}
