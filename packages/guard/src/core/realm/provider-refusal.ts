import { readChallenges } from '../http/challenge.ts';
import { toSafeText } from '../http/safe-text.ts';
import { toJsonObject } from '../jwt/json.ts';
import type { BoundedResponse } from './fetch-json.ts';

/** What Keycloak says where it refuses. */
export interface ProviderRefusal {
  /** OAuth error code, for example `invalid_token`. */
  readonly error: string | undefined;
  readonly description: string | undefined;
}

/**
 * What an answer says against a token or a client, in Keycloak's own words: a challenge for bearer tokens (RFC 6750
 * §3), or a JSON object with an `error` (RFC 6749 §5.2). `undefined` without either: then it is the answer of a proxy, or a
 * foreign page, and says nothing about the token.
 */
export function readRefusal(response: BoundedResponse): ProviderRefusal | undefined {
  const challenges = readChallenges(response.headers.get('www-authenticate') ?? '').filter(({ scheme }) =>
    SCHEMES.has(scheme),
  );
  const said = challenges.find(({ error }) => error !== undefined);
  if (said !== undefined) return { error: said.error, description: said.description };
  const { error, error_description: description } = toJsonObject(response.body) ?? {};
  if (typeof error === 'string') {
    return { error, description: typeof description === 'string' ? description : undefined };
  }
  const explained = challenges.find((challenge) => challenge.description !== undefined);
  return explained && { error: undefined, description: explained.description };
}

/** Keycloak names both where it takes tokens of both kinds (RFC 9449 §7.2). */
const SCHEMES = new Set(['bearer', 'dpop']);

/**
 * For people: the status, and Keycloak's own explanation if there is one. Nothing else of an answer is repeated, for
 * a page of a proxy may show the request.
 *
 * @param secrets those in the request
 */
export function describeAnswer(response: BoundedResponse, secrets: readonly string[]): string {
  const refusal = readRefusal(response);
  if (refusal === undefined) return `HTTP ${response.status}`;
  const safe = (text: string | undefined) => text && toSafeText(text, secrets);
  const { error, description } = refusal;
  return `HTTP ${response.status} ${JSON.stringify({ error: safe(error), error_description: safe(description) })}`;
}
