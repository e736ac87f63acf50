/** Tickets. */
import { describe, expect, it } from "vitest";
import { GRANTABLE_SCOPES } from "../../../src/contract/scopes.ts";
import { mintTicket, readTicket, type TicketClaims, verifyTicket } from "../../../src/core/auth/ticket.ts";

const NOW = 1_795_158_721_500;
const SECRET = new TextEncoder().encode("a secret of this deployment, long enough");

const CLAIMS: TicketClaims = {
  id: "7b1f9a52-6f5e-4a57-9c0e-0d5f6e1a2b3c",
  project: "prj_01kag3x7p2v9m4t8r6c5n1d0ze",
  jobId: "job_01kag3x7p2v9m4t8r6c5n1d0ze",
  user: "u_42",
  scopes: ["jobs:read"],
  madeAt: NOW - 60_000,
  streamUntil: null,
  expiresAt: NOW + 30_000,
};

describe("tickets", () => {
  it("[A10] open the stream of one job for one user, and can be told apart", async () => {
    const ticket = await mintTicket(SECRET, CLAIMS);
    expect(ticket).toMatch(/^ec_tk_[0-9A-Za-z_-]{20,}\.[0-9A-Za-z_-]{43}$/);
    expect(await verifyTicket([SECRET], ticket, NOW)).toEqual({ type: "valid", claims: CLAIMS });
    expect(readTicket(ticket)).toEqual({ project: CLAIMS.project });
  });

  it("[A10] of a secret key belong to no user", async () => {
    const claims = { ...CLAIMS, user: null, madeAt: null };
    expect(await verifyTicket([SECRET], await mintTicket(SECRET, claims), NOW)).toEqual({ type: "valid", claims });
  });

  it("[A10] end with their time", async () => {
    const ticket = await mintTicket(SECRET, CLAIMS);
    expect((await verifyTicket([SECRET], ticket, NOW + 29_999)).type).toBe("valid");
    expect(await verifyTicket([SECRET], ticket, NOW + 30_000)).toEqual({ type: "expired" });
  });

  it("[A10] fit into a URL whatever is in them", async () => {
    const longest: TicketClaims = {
      ...CLAIMS,
      id: "i".repeat(64),
      user: "u".repeat(128),
      scopes: [...GRANTABLE_SCOPES],
    };
    const ticket = await mintTicket(SECRET, longest);
    expect(ticket.length).toBeLessThan(1_024);
    expect(encodeURIComponent(ticket)).toBe(ticket);
    expect((await verifyTicket([SECRET], ticket, NOW)).type).toBe("valid");
  });
});
