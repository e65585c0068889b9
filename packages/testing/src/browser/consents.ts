import type { ValidAuthRequest } from './auth-request.ts';

/** What a client asks of a person. */
type Asked = Pick<ValidAuthRequest, 'client' | 'scope' | 'prompts'>;

/** Which scopes people granted to which clients. */
export type Consents = ReturnType<typeof createConsents>;

export function createConsents() {
  const granted = new Map<string, Set<string>>();
  const keyOf = (userId: string, { client }: Asked) => `${userId} ${client.id}`;
  return {
    /** Whether to ask the person: the client requires consent and lacks it for some scope. */
    isMissing(userId: string, request: Asked): boolean {
      if (!request.client.consentRequired) return false;
      const known = granted.get(keyOf(userId, request));
      return request.prompts.includes('consent') || !scopesOf(request).every((one) => known?.has(one));
    },
    grant(userId: string, request: Asked): void {
      const key = keyOf(userId, request);
      granted.set(key, new Set([...(granted.get(key) ?? []), ...scopesOf(request)]));
    },
  };
}

const scopesOf = ({ client, scope = '' }: Asked): string[] => [
  ...client.defaultScopes,
  ...scope.split(' ').filter((one) => one !== '' && one !== 'openid'),
];
