import type { ValidAuthRequest } from './auth-request.ts';

/** What a client asks of a person. */
type Asked = Pick<ValidAuthRequest, 'client' | 'scope' | 'prompts'>;

/** Which scopes people granted to which clients. */
export interface Consents {
  /** Whether to ask the person: the client requires consent and lacks it for some scope. */
  isMissing(userId: string, request: Asked): boolean;
  grant(userId: string, request: Asked): void;
}

export function createConsents(): Consents {
  const granted = new Map<string, Set<string>>();
  const keyOf = (userId: string, { client }: Asked) => `${userId} ${client.id}`;
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

const scopesOf = ({ client, scope = '' }: Asked): string[] => [
  ...client.defaultScopes,
  ...scope.split(' ').filter((one) => one !== '' && one !== 'openid'),
];
