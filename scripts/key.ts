/** `npm run key`: a new secret key for a deployment, and the hash that is configured in its place. */
import { randomBytes } from "node:crypto";
import { hashSecretKey, mintSecretKey } from "../src/core/auth/secret-key.ts";

const key = mintSecretKey("live", randomBytes(32));
console.log(`Secret key, shown this once (for your server, never for an app):

  ${key}

Its hash, for SECRET_KEY_HASHES:

  ${await hashSecretKey(key)}

A signing secret, for SIGNING_SECRET:

  ${randomBytes(32).toString("hex")}`);
