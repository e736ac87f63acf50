/**
 * Which addresses given by others the service may call: the sign-in services of a project, the receivers of webhooks.
 * Only public names over https on the usual ports. What a name resolves to is not known here: the platform's fetch
 * keeps to the public internet (`global_fetch_strictly_public`), and redirects are never followed.
 */
import { err, ok, type Result } from "./result.ts";

/** `allowLocal`: this machine's own addresses too, with any port and without TLS; for development and tests. */
export type UrlRules = { allowLocal: boolean };

/** The longest address that is taken, in characters. */
export const MAX_URL_CHARS = 2_048;

const PORTS = new Set(["", "443", "8443"]);
const LOCAL_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);
/**
 * Names that never lead to a public server: reserved by RFC 2606, 6761, 6762, 7686, 8375, 9476 and ICANN, or customary
 * in private networks.
 */
const RESERVED =
  /(^|\.)(localhost|localdomain|local|internal|intranet|private|lan|home|corp|test|example|invalid|onion|alt|arpa)$/;
const NAME = /^(?=.{4,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/;

/**
 * The URL if it may be called, else a clause that says what is wrong with it ("must begin with https://") and quotes
 * nothing of it. What is judged is the address as the URL parser reads it, so other spellings of a number (decimal,
 * octal, hex, full-width) are numbers here too.
 */
export function checkUrl(text: string, rules: UrlRules): Result<URL, string> {
  if (text.length > MAX_URL_CHARS) return err(`must be at most ${MAX_URL_CHARS} characters long`);
  // The parser drops or turns these silently, and other readers of the same text do not.
  if (hasOddCharacters(text)) return err("must be a URL without spaces, control characters and backslashes");
  if (!URL.canParse(text)) return err("must be a complete URL, like https://app.example.com/path");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return err("must not carry a user name or password");
  const local = LOCAL_HOSTS.has(url.hostname);
  if (rules.allowLocal && local && (url.protocol === "http:" || url.protocol === "https:")) return ok(url);
  if (url.protocol !== "https:") return err("must begin with https://");
  if (local || RESERVED.test(url.hostname.replace(/\.$/, ""))) return err("must lead to a public server");
  if (isAddress(url.hostname)) return err("must name its host; addresses in numbers are not called");
  if (!NAME.test(url.hostname)) return err("must name a public host, like app.example.com, without a dot at its end");
  if (!PORTS.has(url.port)) return err("must use port 443 or 8443");
  return ok(url);
}

function hasOddCharacters(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 0x20 || code === 0x5c || (code >= 0x7f && code <= 0xa0)) return true;
  }
  return false;
}

/** After parsing, an IPv4 address has four decimal numbers, however it was written, and an IPv6 address has brackets. */
const isAddress = (hostname: string) => hostname.startsWith("[") || /^[0-9.]+$/.test(hostname);
