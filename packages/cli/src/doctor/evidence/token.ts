import { toJsonObject } from 'keycloak-guard/unstable';

export type Claims = Readonly<Record<string, unknown>>;

export interface DecodedJwt {
  readonly header: Claims;
  readonly claims: Claims;
}

export function decodeJwt(token: string | undefined): DecodedJwt | undefined {
  const parts = token?.split('.') ?? [];
  if (parts.length !== 3) return undefined;
  const [header, claims] = parts
    .slice(0, 2)
    .map((part) => toJsonObject(Buffer.from(part, 'base64url').toString()));
  return header && claims ? { header, claims } : undefined;
}

export function audienceOf(claims: Claims): string[] {
  return (Array.isArray(claims.aud) ? claims.aud : [claims.aud]).filter((one) => typeof one === 'string');
}

export const scopesOf = (claims: Claims): string[] => String(claims.scope ?? '').split(' ');

/** The names in a claim that is a list, or an object with a key for each. */
export const namesIn = (claim: unknown): string[] =>
  typeof claim === 'object' && claim !== null && !Array.isArray(claim)
    ? Object.keys(claim)
    : [claim ?? []].flat().map(String);

/** As guards read roles and groups: a list of names, and nothing else. */
export const listIn = (claim: unknown): string[] => (Array.isArray(claim) ? claim.filter(isText) : []);

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isList = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const hasRoles = (value: unknown): boolean =>
  isObject(value) && (value.roles === undefined || isList(value.roles));

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

export function findOddClaims(claims: Claims, clientId: string): string[] {
  const odd = Object.entries(SHAPES)
    .filter(([name, fits]) => claims[name] !== undefined && !fits(claims[name]))
    .map(([name]) => `${name} (of another type than Keycloak's own)`);
  if (isText(claims.azp) && claims.azp !== clientId) odd.push(`azp ('${claims.azp}', and not the client)`);
  return odd;
}
