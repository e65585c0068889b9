/**
 * What a token says, unchecked: only for a token that Keycloak has just sent or accepted, or that was verified.
 *
 * @returns no claims if it is not a JWT: a refresh token may be any string
 */
export function claimsOf(token: string): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
