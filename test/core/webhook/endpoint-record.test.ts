/** Endpoints as they are kept: patches, rotations, and documents without secrets. */
import { describe, expect, it } from "vitest";
import { WebhookCreateSchema, WebhookEndpointSchema } from "../../../src/contract/webhook.ts";
import {
  disabledFor,
  endpointOf,
  inForce,
  newEndpoint,
  patchedEndpoint,
  rotatedTo,
  unrotated,
} from "../../../src/core/webhook/endpoint-record.ts";

const NOW = Date.parse("2026-11-20T07:12:01Z");
const create = WebhookCreateSchema.parse({ url: "https://app.example.com/hook", signing: "v1+v1a" });
const RECORD = newEndpoint(`whe_${"0".repeat(26)}`, create, "whsec_a", NOW);

describe("a rotating secret", () => {
  it("[W9] signs beside its successor until the overlap is over, and not at its last moment", () => {
    const rotated = rotatedTo(unrotated("old"), "new", 1_000, NOW);
    expect(inForce(rotated, NOW)).toEqual(["new", "old"]);
    expect(inForce(rotated, NOW + 999)).toEqual(["new", "old"]);
    expect(inForce(rotated, NOW + 1_000)).toEqual(["new"]);
    expect(inForce(rotatedTo(unrotated("old"), "new", 0, NOW), NOW)).toEqual(["new"]);
  });

  it("[W9] rotated again within the overlap has the last two", () => {
    const twice = rotatedTo(rotatedTo(unrotated("a"), "b", 1_000, NOW), "c", 1_000, NOW + 10);
    expect(inForce(twice, NOW + 20)).toEqual(["c", "b"]);
  });
});

describe("an endpoint", () => {
  it("[A11] has no secret in its document but where one is handed in", () => {
    const rotated = { ...RECORD, secret: rotatedTo(RECORD.secret, "whsec_b", 1_000, NOW) };
    const shown = endpointOf(rotated, { secret: null, publicKey: "whpk_x" }, NOW);
    expect(WebhookEndpointSchema.parse(shown)).toEqual(shown);
    expect(JSON.stringify(shown)).not.toContain("whsec_");
    expect(shown).toMatchObject({ public_key: "whpk_x", previous_secret_expires_at: "2026-11-20T07:12:02Z" });
    expect(endpointOf(rotated, { secret: null, publicKey: null }, NOW + 1_000).previous_secret_expires_at).toBeNull();
    expect(endpointOf({ ...RECORD, signing: "v1" }, { secret: "s", publicKey: "whpk_x" }, NOW)).toMatchObject({
      secret: "s",
      public_key: null,
    });
  });

  it("[W7] forgets its failures when it is enabled, and keeps why it was disabled first", () => {
    const failing = { ...RECORD, health: { failingSince: NOW - 1, failures: 30 } };
    const disabled = disabledFor(failing, "failing", NOW);
    expect(patchedEndpoint(disabled, { status: "disabled" }, NOW + 5).disabled).toEqual({ reason: "failing", at: NOW });
    expect(patchedEndpoint(disabled, { url: "https://b.example.com/" }, NOW).disabled).toEqual(disabled.disabled);
    expect(patchedEndpoint(disabled, { status: "enabled" }, NOW)).toEqual({
      ...failing,
      disabled: null,
      health: { failingSince: null, failures: 0 },
    });
    expect(patchedEndpoint(RECORD, { description: null }, NOW)).toEqual(RECORD);
  });
});
