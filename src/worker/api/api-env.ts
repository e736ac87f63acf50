/** What a request carries through the middleware. */
import type { Principal } from "./auth/principal.ts";
import type { Rate } from "./auth/rates.ts";

export type ApiEnv = {
  Bindings: Env;
  Variables: {
    requestId: string;
    /** Who calls; set on every route that is not public. */
    principal: Principal;
    /** The limits that the answer tells of; those of the caller as soon as it is known. */
    rates: Rate[];
  };
};
