import type { Config } from '../config/config.ts';

interface Document {
  readonly components?: { securitySchemes?: Record<string, object> };
  readonly paths?: Record<string, object | undefined>;
}
type Security = readonly Readonly<Record<string, readonly string[]>>[];

/** An HTTP scheme in OpenAPI (RFC 9449 §7.1). OpenAPI has no member for the proof, so the description explains it. */
const DPOP = {
  type: 'http',
  scheme: 'dpop',
  description:
    'An access token that is bound to a key, and with each request a header `DPoP` with a proof of that key (RFC 9449). ' +
    'This page can make none.',
};

/** What needs a bearer token takes a token with a proof as well, or nothing else. */
export function addDpopSecurity(document: Document, dpop: Config['dpop']): void {
  const schemes = document.components?.securitySchemes;
  if (dpop === 'off' || schemes === undefined) return;
  const others = Object.keys(schemes);
  schemes.dpopAuth = DPOP;
  if (dpop === 'required') for (const name of others) delete schemes[name];
  for (const path of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(path ?? {}) as { security?: Security }[]) {
      if (operation.security === undefined) continue;
      const kept = operation.security.filter(
        (one) => dpop === 'accepted' || Object.keys(one).every((name) => !others.includes(name)),
      );
      operation.security = [{ dpopAuth: [] }, ...kept];
    }
  }
}
