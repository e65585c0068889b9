/** A decoded JWT, not verified. */
export interface DecodedJwt {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
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
export function audienceOf(claims: Readonly<Record<string, unknown>>): string[] {
  return (Array.isArray(claims.aud) ? claims.aud : [claims.aud]).filter((one) => typeof one === 'string');
}
