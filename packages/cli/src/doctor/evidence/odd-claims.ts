import type { Claims } from './jwt.ts';

/** Claims that Keycloak reads from its own tokens, and tests for their types. */
const SHAPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  exp: isNumber,
  iat: isNumber,
  auth_time: isNumber,
  nbf: isNumber,
  jti: isText,
  iss: isText,
  sub: isText,
  typ: isText,
  azp: isText,
  sid: isText,
  acr: isText,
  scope: isText,
  aud: (value) => isText(value) || isList(value),
  'allowed-origins': isList,
  realm_access: hasRoles,
  resource_access: (value) => isObject(value) && Object.values(value).every(hasRoles),
};

/** Claims that a mapper overwrote, so that Keycloak cannot read its own token; each with the mistake. */
export function findOddClaims(claims: Claims, clientId: string): string[] {
  const odd = Object.entries(SHAPES)
    .filter(([name, fits]) => claims[name] !== undefined && !fits(claims[name]))
    .map(([name]) => `${name} (of another type than Keycloak's own)`);
  if (isText(claims.azp) && claims.azp !== clientId) odd.push(`azp ('${claims.azp}', and not the client)`);
  return odd;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
function isNumber(value: unknown): boolean {
  return typeof value === 'number';
}
function isList(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function hasRoles(value: unknown): boolean {
  return isObject(value) && (value.roles === undefined || isList(value.roles));
}
