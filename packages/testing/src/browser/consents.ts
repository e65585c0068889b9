import type { ValidAuthRequest } from './auth-request.ts';

/** Which scopes people granted to which clients. */
export interface Consents {
  /** Whether to ask the person: the client requires consent and lacks it for some scope. */
  isMissing(userId: string, request: ValidAuthRequest): boolean;
  grant(userId: string, request: ValidAuthRequest): void;
}

export function createConsents(): Consents {
  const granted = new Map<string, Set<string>>();
  const keyOf = (userId: string, { client }: ValidAuthRequest) => `${userId} ${client.id}`;
  return {
    isMissing(userId, request) {
      if (!request.client.consentRequired) return false;
      const known = granted.get(keyOf(userId, request));
      return request.prompts.includes('consent') || !scopesOf(request).every((one) => known?.has(one));
    },
    grant(userId, request) {
      const key = keyOf(userId, request);
      granted.set(key, new Set([...(granted.get(key) ?? []), ...scopesOf(request)]));
    },
  };
}

const scopesOf = ({ client, scope = '' }: ValidAuthRequest): string[] => [
  ...client.defaultScopes,
  ...scope.split(' ').filter((one) => one !== '' && one !== 'openid'),
];
