import type { Requirements } from '../../core/index.ts';
import { scopesOf } from '../../core/internal.ts';

/** The description of a guard for an OpenAPI document. */
export interface DocumentedGuard {
  readonly requirements: Requirements;
  readonly isOptional: boolean;
}

/** The description of a permit for an OpenAPI document. */
export interface DocumentedPermit {
  /** The permissions that are asked for; empty where they depend on the request. */
  readonly permissions: readonly string[];
  /** Of a refusal. */
  readonly status: number;
}

/** The security of an operation behind these guards: their scheme with all scopes, and nothing at all where each is optional. */
export function toSecurity(guards: readonly DocumentedGuard[], scheme: string): Record<string, string[]>[] {
  const scopes = [...new Set(guards.flatMap(({ requirements }) => scopesOf(requirements)))];
  return [{ [scheme]: scopes }, ...(guards.every(({ isOptional }) => isOptional) ? [{}] : [])];
}

/**
 * The answers of guards and permits, by status.
 *
 * @param isDenying whether a caller with a valid token can lack something
 * @param toAnswer makes one of its description
 */
export function toAnswers<T>(
  isDenying: boolean,
  permits: readonly DocumentedPermit[],
  toAnswer: (description: string) => T,
): Record<string, T> {
  const answers: Record<string, string> = {
    401: 'No bearer token, or an invalid one',
    503: 'The identity provider is unavailable',
  };
  if (isDenying) answers[403] = 'The token is valid, but not enough for this';
  for (const { permissions, status } of permits)
    answers[status] ??=
      `Keycloak does not grant ${permissions.length === 0 ? 'the permission' : `the permission ${permissions.join(', ')}`}`;
  return Object.fromEntries(
    Object.entries(answers).map(([status, description]) => [status, toAnswer(description)]),
  );
}

/** Whether a guard asks for more than a valid token. */
export const isDenying = ({ requirements }: DocumentedGuard): boolean => Object.keys(requirements).length > 0;
