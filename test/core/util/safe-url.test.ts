/** Addresses that may be called. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkUrl } from "../../../src/core/util/safe-url.ts";

const PUBLIC = { allowLocal: false };
const LOCAL = { allowLocal: true };

const hostOf = (text: string, rules = PUBLIC) => {
  const checked = checkUrl(text, rules);
  return checked.ok ? checked.value.host : checked.error;
};

describe("checkUrl", () => {
  it.each([
    ["https://id.example.com/realms/app", "id.example.com"],
    ["https://id.example.com:443/", "id.example.com"],
    ["https://id.example.com:8443/hook?x=1#y", "id.example.com:8443"],
    ["HTTPS://ID.Example.COM", "id.example.com"],
    ["https://xn--mnchen-3ya.de/", "xn--mnchen-3ya.de"],
    ["https://münchen.de/", "xn--mnchen-3ya.de"],
    ["https://my_app.example.com", "my_app.example.com"],
    ["https://securetoken.google.com/my-app", "securetoken.google.com"],
    ["https://localhost.example.com", "localhost.example.com"],
    ["https://local.net", "local.net"],
  ])("[A9] lets %s be called", (text, host) => {
    expect(hostOf(text)).toBe(host);
    expect(hostOf(text, LOCAL)).toBe(host);
  });

  it.each([
    // Another scheme.
    "http://id.example.com",
    "ftp://id.example.com",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/plain,x",
    "wss://id.example.com",
    "blob:https://id.example.com/1",
    // No complete address.
    "",
    "id.example.com",
    "//id.example.com",
    "https://",
    "https:",
    "https://?x",
    // Names and passwords before the host.
    "https://user@id.example.com",
    "https://user:pass@id.example.com",
    "https://:pass@id.example.com",
    "https://id.example.com@127.0.0.1",
    // IPv4, however it is written.
    "https://8.8.8.8/",
    "https://127.0.0.1",
    "https://127.0.0.1.",
    "https://127.1",
    "https://2130706433",
    "https://0x7f000001",
    "https://0x7f.1",
    "https://0177.0.0.1",
    "https://017700000001",
    "https://0",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.1",
    "https://１２７.０.０.１",
    "https://127。0。0。1",
    "https://①②⑦.0.0.1",
    "https://127%2e0%2e0%2e1",
    "https://0x7f000001.",
    // IPv6.
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[2606:4700:4700::1111]/",
    // Names of this machine and of private networks.
    "https://localhost",
    "https://LOCALHOST",
    "https://localhost.",
    "https://ⓛocalhost",
    "https://app.localhost",
    "https://app.localhost.",
    "https://printer.local",
    "https://metadata.google.internal",
    "https://a.test",
    "https://a.example",
    "https://a.invalid",
    "https://a.onion",
    "https://router.home.arpa",
    "https://1.0.0.127.in-addr.arpa",
    "https://nas.lan",
    "https://intranet",
    "https://com",
    // Odd names.
    "https://id.example.com.",
    "https://id..example.com",
    "https://.example.com",
    "https://-a.example.com",
    "https://a-.example.com",
    "https://a!b.example.com",
    `https://${"a".repeat(64)}.example.com`,
    `https://${"a.".repeat(130)}com`,
    // Other ports.
    "https://id.example.com:80",
    "https://id.example.com:22",
    "https://id.example.com:6379",
    "https://id.example.com:0",
    "https://id.example.com:65536",
    // What the parser would drop or turn.
    " https://id.example.com",
    "https://id.example.com\n",
    "https://id.exa\tmple.com",
    "https://id.example.com\\@127.0.0.1",
    "https:\\\\id.example.com",
    "https://id.example.com/\u0000",
    "https://id.example.com/a b",
    "\u00a0https://id.example.com",
    `https://id.example.com/${"a".repeat(2_048)}`,
  ])("[A9] refuses %j", (text) => {
    expect(checkUrl(text, PUBLIC).ok).toBe(false);
  });

  it.each([
    "http://127.0.0.1:8080/jwks",
    "http://localhost:3000",
    "https://localhost",
    "http://[::1]:9",
    "http://2130706433:8080/",
  ])("[A9] lets %s be called where local addresses are allowed, and nowhere else", (text) => {
    expect(checkUrl(text, LOCAL).ok).toBe(true);
    expect(checkUrl(text, PUBLIC).ok).toBe(false);
  });

  it.each([
    "http://id.example.com",
    "http://10.0.0.1",
    "https://10.0.0.1",
    "http://0.0.0.0:1",
    "http://127.0.0.2",
    "http://user:pass@127.0.0.1",
    "http://app.localhost",
    "http://localhost.",
    "ftp://127.0.0.1",
    "http://[::ffff:127.0.0.1]",
    "http://192.168.1.1:8188",
  ])("[A9] refuses %s even there", (text) => {
    expect(checkUrl(text, LOCAL).ok).toBe(false);
  });

  it("[A9] says what is wrong without quoting the address", () => {
    expect(hostOf("http://id.example.com/?key=s3cret")).toBe("must begin with https://");
    expect(hostOf("https://u:s3cret@id.example.com")).toBe("must not carry a user name or password");
    expect(hostOf("https://id.example.com:81")).toBe("must use port 443 or 8443");
    expect(hostOf("https://9.9.9.9")).toBe("must name its host; addresses in numbers are not called");
  });

  it("[A9] judges any text, and what it lets pass is a named host over https", () => {
    const urls = fc.oneof(
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc.string({ unit: "binary" }),
      fc.string({ unit: "grapheme" }).map((text) => `https://${text}`),
      fc.ipV4Extended().map((address) => `https://${address}/`),
      fc.ipV6().map((address) => `https://[${address}]/`),
      fc.domain().map((name) => `https://${name}`),
    );
    fc.assert(
      fc.property(urls, (text) => {
        const checked = checkUrl(text, PUBLIC);
        if (!checked.ok) return;
        expect(checked.value.protocol).toBe("https:");
        expect(checked.value.hostname).toMatch(/^[a-z0-9_-]+(\.[a-z0-9-]+)+$/);
        expect(checked.value.hostname).not.toMatch(/^[0-9.]+$/);
        expect(checkUrl(checked.value.href, PUBLIC).ok).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
