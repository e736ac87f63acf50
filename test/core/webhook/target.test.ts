/** Where webhooks may go. */
import { describe, expect, it } from "vitest";
import { checkTarget, type TargetRules } from "../../../src/core/webhook/target.ts";

const PUBLIC: TargetRules = { allowLocal: false, ownHosts: ["api.example.com", "easel.acme.workers.dev"] };
const LOCAL: TargetRules = { allowLocal: true, ownHosts: ["127.0.0.1:8787"] };

const judged = (url: string, rules = PUBLIC) => {
  const checked = checkTarget(url, rules);
  return checked.ok ? checked.value.href : `no: ${checked.error}`;
};

describe("a webhook's URL", () => {
  it.each([
    "https://app.example.com/hooks/easel",
    "https://app.example.com:8443/hooks?token=1",
    "https://hooks.api.example.com/",
    "https://example.com/",
    "https://other.acme.workers.dev/",
    "https://xn--mnchen-3ya.de/",
  ])("[W4] may be %s", (url) => {
    expect(judged(url)).toBe(url);
  });

  it("[W4] is called without its fragment", () => {
    expect(judged("https://app.example.com/a?b#c")).toBe("https://app.example.com/a?b");
  });

  it.each([
    // No https, another port, a user name.
    "http://app.example.com/",
    "ftp://app.example.com/",
    "https://app.example.com:80/",
    "https://app.example.com:22/",
    "https://app.example.com:6379/",
    "https://user:pass@app.example.com/",
    // Addresses, however they are written.
    "https://127.0.0.1/",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://8.8.8.8/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[fd00::1]/",
    "https://①②⑦.0.0.1/",
    // Names that are reserved or private.
    "https://localhost/",
    "https://a.localhost/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://nas.lan/",
    "https://a.onion/",
    "https://intranet/",
    "https://app.example.com./",
    // No URL at all.
    "",
    "app.example.com",
    "https://app.example.com\\@127.0.0.1/",
    "https://app.example.com/\nx",
    `https://app.example.com/${"a".repeat(2_048)}`,
  ])("[W4] may not be %j", (url) => {
    expect(judged(url)).toMatch(/^no: must /);
  });

  it.each([
    "https://api.example.com/v1/jobs",
    "https://API.EXAMPLE.COM/",
    "https://api.example.com:8443/",
    "https://easel.acme.workers.dev/",
  ])("[W4] may not lead back to the service: %s", (url) => {
    expect(judged(url)).toBe("no: must not lead back to this service");
  });

  it("[W4] may be on this machine only where that is allowed, and not at our own port", () => {
    for (const url of ["http://127.0.0.1:9000/", "http://localhost:9000/hook", "http://[::1]:9000/"]) {
      expect(judged(url)).toMatch(/^no: /);
      expect(judged(url, LOCAL)).toBe(url);
    }
    for (const url of ["http://127.0.0.1:8787/", "http://localhost:8787/v1", "http://[::1]:8787/"]) {
      expect(judged(url, LOCAL)).toBe("no: must not lead back to this service");
    }
    expect(judged("http://10.0.0.1:9000/", LOCAL)).toMatch(/^no: /);
    expect(judged("https://app.example.com/", LOCAL)).toBe("https://app.example.com/");
  });

  it("[W4] is not quoted in what is said about it", () => {
    for (const url of [
      "https://user:hunter2@app.example.com/",
      "http://app.example.com/hunter2",
      "https://1.2.3.4/hunter2",
    ]) {
      expect(judged(url)).not.toContain("hunter2");
    }
  });
});
