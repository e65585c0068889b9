export type Claims = Readonly<Record<string, unknown>>;

/** A decoded JWT, not verified. */
export interface DecodedJwt {
  readonly header: Claims;
  readonly claims: Claims;
}

/** Decodes a JWT; `undefined` if it is not one. */
export function decodeJwt(token: string | undefined): DecodedJwt | undefined {
  const parts = token?.split('.') ?? [];
  if (parts.length !== 3) return undefined;
  const [header, claims] = parts.slice(0, 2).map(toObject);
  return header && claims ? { header, claims } : undefined;
}

function toObject(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** `aud` as a list. */
export function audienceOf(claims: Claims): string[] {
  return (Array.isArray(claims.aud) ? claims.aud : [claims.aud]).filter((one) => typeof one === 'string');
}

export const scopesOf = (claims: Claims): string[] => String(claims.scope ?? '').split(' ');

/** The names in a claim that is a list, or an object with a key for each. */
export const namesIn = (claim: unknown): string[] =>
  typeof claim === 'object' && claim !== null && !Array.isArray(claim)
    ? Object.keys(claim)
    : [claim ?? []].flat().map(String);
