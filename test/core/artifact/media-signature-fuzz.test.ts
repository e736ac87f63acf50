/** Signatures in media links as anybody may make them up. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expiryDay, signMedia, verifyMedia } from "../../../src/core/artifact/sign.ts";

const NOW = 1_795_158_721_500;
const SECRET = new TextEncoder().encode("a secret of this deployment, long enough");
const GRANT = { outputId: "out_01kag3x7p2v9m4t8r6c5n1d0ze", variant: "original", epoch: 0 };
const signed = () => signMedia(SECRET, { ...GRANT, expDay: expiryDay(NOW) });

describe("a media link's signature", () => {
  it("[M5] is no other text: changed, cut, drawn out, of another day, or made up", async () => {
    const true_ = await signed();
    const [day = "", mac = ""] = true_.split(".");
    const characters = [..."ABab019-_.=+/%~ \n"];
    const changed = fc
      .tuple(fc.nat(true_.length - 1), fc.constantFrom(...characters))
      .map(([at, character]) => [
        true_.slice(0, at) + character + true_.slice(at + 1),
        true_.slice(0, at) + true_.slice(at + 1),
        true_.slice(0, at) + character + true_.slice(at),
        true_ + character,
      ]);
    const made = fc.oneof(
      changed,
      fc.string().map((text) => [text, `${day}.${text}`, `${text}.${mac}`]),
      fc.nat({ max: 2 ** 31 }).map((other) => [`${other.toString(36)}.${mac}`, `0${day}.${mac}`]),
    );
    await fc.assert(
      fc.asyncProperty(made, async (texts) => {
        for (const text of texts) {
          if (text !== true_) expect([text, await verifyMedia(SECRET, text, GRANT, NOW)]).toEqual([text, "invalid"]);
        }
      }),
      { numRuns: 400 },
    );
    expect(await verifyMedia(SECRET, true_, GRANT, NOW)).toBe("valid");
  });

  it("[M5] stands for its own file alone, whatever the others are called", async () => {
    const segment = await signed();
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), fc.nat(), async (outputId, variant, epoch) => {
        for (const other of [
          { ...GRANT, outputId },
          { ...GRANT, variant },
          { ...GRANT, epoch: epoch + 1 },
        ])
          expect(await verifyMedia(SECRET, segment, other, NOW)).toBe("invalid");
      }),
    );
  });
});
