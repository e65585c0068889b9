import type { Attack } from './attack.ts';
import { ownKey, signedByAttacker } from './forge.ts';

/** A token whose header names a URL to fetch keys from. */
export function createUrlInHeaderAttack(name: 'jku' | 'x5u'): Attack {
  return {
    title: `a URL that a token names in ${name} is not called`,
    attempts: ({ token, trapUrl, issuer }) =>
      [
        trapUrl,
        `${issuer}@${new URL(trapUrl).host}/`,
        'file:///etc/passwd',
        'data:application/json,{}',
        7,
      ].flatMap((url) => [
        {
          name: `${url}, the kid of the realm`,
          token: signedByAttacker(token, { [name]: url }),
          codes: ['token_signature', 'token_algorithm'] as const,
        },
        {
          name: `${url}, a kid of its own`,
          token: signedByAttacker(token, { [name]: url, kid: ownKey().kid }),
          codes: ['token_key_unknown'] as const,
        },
      ]),
  };
}
