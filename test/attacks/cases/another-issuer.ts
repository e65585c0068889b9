import type { Attack } from '../attack.ts';
import { signedByAttacker } from '../forge.ts';

const attack: Attack = {
  title: 'a token of another realm or server, however alike its name, is refused',
  attempts: ({ token, issuer }) => [
    {
      name: "another realm's own key under this realm's kid",
      token: signedByAttacker(token, {}, { iss: issuer.replace(/[^/]+$/, 'other') }),
      codes: ['token_signature', 'token_algorithm'],
    },
    {
      name: "another realm's own key",
      token: signedByAttacker(token, { kid: 'other-realm' }, { iss: issuer.replace(/[^/]+$/, 'other') }),
      codes: ['token_key_unknown'],
    },
  ],
  signed: (pen, { issuer }) => {
    const url = new URL(issuer);
    const others = [
      `${issuer}/`,
      issuer.replace(/[^/]+$/, 'other'),
      issuer.replace(/[^/]+$/, (realm) => realm.toUpperCase()),
      issuer.replace('/realms/', '//realms/'),
      issuer.replace('/realms/', '/auth/realms/'),
      issuer.replace('/realms/', '/x/../realms/'),
      issuer.replace(/^https?/, (scheme) => (scheme === 'http' ? 'https' : 'http')),
      issuer.toUpperCase(),
      issuer.replace(url.host, `${url.hostname}:8443`),
      issuer.replace(url.host, `${url.hostname}.`),
      issuer.replace(url.host, `user@${url.host}`),
      `${issuer}#`,
      `${issuer}?`,
      ` ${issuer}`,
      '',
    ];
    return [
      ...others.map((iss) => ({
        name: iss || 'empty',
        token: pen.mint({ iss }),
        codes: ['token_issuer'] as const,
      })),
      ...[[issuer], { issuer }, null, 1, true, { toString: null }].map((iss) => ({
        name: JSON.stringify(iss),
        token: pen.mint({ iss }),
        codes: ['token_issuer', 'token_claims'] as const,
      })),
      { name: 'none', token: pen.mint({ iss: undefined }), codes: ['token_issuer', 'token_claims'] },
    ];
  },
};
export default attack;
