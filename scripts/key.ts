/**
 * `npm run key`: the first project of a deployment and the key of its owner, and what is configured in their place.
 * With `-- --put` it hands the secrets to `wrangler secret put` at once, so that nothing is copied by hand but the key.
 */
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { freshOwner } from "./local/settings.ts";

const { values: options } = parseArgs({ options: { put: { type: "boolean", default: false } } });
const { project, key, vars } = await freshOwner("live");
const { DEFAULT_PROJECT, ...secrets } = vars;

console.log(`Project: ${project}

Your secret key, shown this once (for your servers, never for an app):

  ${key}
`);

if (options.put) {
  for (const [name, value] of Object.entries(secrets)) {
    execFileSync("wrangler", ["secret", "put", name], { input: value, stdio: ["pipe", "inherit", "inherit"] });
  }
} else {
  console.log(`For \`wrangler secret put\` (npm run key -- --put does it for you):

  SECRET_KEY_HASHES  ${secrets.SECRET_KEY_HASHES}
  SIGNING_SECRET     ${secrets.SIGNING_SECRET}
`);
}
console.log(
  `Put DEFAULT_PROJECT = "${DEFAULT_PROJECT}" into wrangler.toml if your app's own sign-in tokens are to be accepted.`,
);
