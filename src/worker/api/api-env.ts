/** What a request carries through the middleware. */
export type ApiEnv = { Bindings: Env; Variables: { requestId: string } };
