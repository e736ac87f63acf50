/** What a credential may do (api D6). A route names the one scope it asks for; docs/security.md has the table. */

/** Scopes that an app on a phone may hold; they reach no further than the rows of its own user. */
export const CLIENT_SCOPES = [
  "jobs:create",
  "jobs:read",
  "jobs:cancel",
  "jobs:delete",
  "uploads:create",
  "shares:write",
  "workflows:read",
] as const;

/** Scopes of servers. A client token may be given `graph:submit` among them, and no other. */
export const SERVER_SCOPES = [
  "graph:submit",
  "graph:read",
  "tokens:create",
  "users:write",
  "usage:read",
  "webhooks:write",
  "events:read",
  "keys:write",
  "project:write",
  "projects:write",
] as const;

export const SCOPES = [...CLIENT_SCOPES, ...SERVER_SCOPES] as const;
export type Scope = (typeof SCOPES)[number];

/** What a client token may be given at most. */
export const GRANTABLE_SCOPES = [...CLIENT_SCOPES, "graph:submit"] as const satisfies readonly Scope[];

/** What only the keys of the deployment's owner may do: make other projects. */
export const ROOT_SCOPE = "projects:write" satisfies Scope;
