/**
 * Where the embedded provider and Keycloak 26.7.3 answer differently, and why. The only such list in the tests;
 * `docs/embedded-provider.md` has the same one in words.
 */
export const DIFFERENCES = {
  /** No script, no style and no picture from anywhere: the pages say so in their policy. */
  pagePolicy: {
    embedded: /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; frame-ancestors 'self'$/,
    keycloak: /^frame-src 'self'; frame-ancestors 'self'; object-src 'none';$/,
  },
  /** Over plain HTTP some browsers drop a cookie that is `Secure`, even on loopback. */
  cookie: {
    embedded: /; HttpOnly; SameSite=Lax$/,
    keycloak: /;Secure;HttpOnly;SameSite=None$/,
  },
  /** Keycloak's text names a Java class. */
  dpopSignature: {
    embedded: 'DPoP verification failure: Invalid token signature',
    keycloak:
      'DPoP verification failure: org.keycloak.exceptions.TokenSignatureInvalidException: Invalid token signature',
  },
} as const;
