import { isPlainObject } from '../core/internal.ts';

/**
 * Claims for the policies, beside the token (Keycloak's `claim_token`): names, each with one or more strings. Take them from
 * the server: a caller who can choose them can choose the decision.
 */
export type PushedClaims = { readonly [name: string]: string | readonly string[] };

/** Checks and normalises claims; `''` if there are none. Keycloak answers 500 for values that are not lists of strings. */
export function toClaimText(claims: PushedClaims | undefined): string {
  if (claims === undefined) return '';
  if (!isPlainObject(claims)) {
    throw new TypeError(
      'Claims must be a plain object of strings and lists of strings, no promise and no Map',
    );
  }
  const sorted = Object.keys(claims).sort();
  if (sorted.length === 0) return '';
  return JSON.stringify(sorted.map((name) => [name, toTexts(name, claims[name])]));
}

/** Keycloak's form of the claims: JSON in base64url (RFC 4648 §5). */
export function toClaimToken(text: string): string {
  const claims = Object.fromEntries(JSON.parse(text) as [string, string[]][]);
  return Buffer.from(JSON.stringify(claims)).toString('base64url');
}

function toTexts(name: string, value: unknown): string[] {
  const texts = Array.isArray(value) ? value : [value];
  if (texts.length > 0 && texts.every((one) => typeof one === 'string')) return texts;
  throw new TypeError(`The claim ${JSON.stringify(name)} must be a string or a list of strings`);
}
