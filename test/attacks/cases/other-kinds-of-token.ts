import type { Attack } from '../attack.ts';

const EVENT = { 'http://schemas.openid.net/event/backchannel-logout': {} };

const attack: Attack = {
  title: 'an ID, refresh, offline or logout token is not taken for an access token',
  signed: (pen, { clientId }) => [
    {
      name: 'ID',
      token: pen.mint({ typ: 'ID', aud: clientId, azp: clientId, nonce: 'n' }),
      codes: ['token_type'],
    },
    { name: 'refresh', token: pen.mint({ typ: 'Refresh' }), codes: ['token_type'] },
    { name: 'offline', token: pen.mint({ typ: 'Offline' }), codes: ['token_type'] },
    {
      name: 'logout, by header',
      token: pen.mint({}, { header: { typ: 'logout+jwt' } }),
      codes: ['token_type'],
    },
    { name: 'logout, by payload', token: pen.mint({ typ: 'Logout', events: EVENT }), codes: ['token_type'] },
    {
      name: 'DPoP proof, by header',
      token: pen.mint({}, { header: { typ: 'dpop+jwt' } }),
      codes: ['token_type'],
    },
    { name: 'an admin push', token: pen.mint({ typ: undefined, action: 'LOGOUT' }), codes: ['token_type'] },
    ...['bearer', 'BEARER', 'Bearer ', '', ['Bearer'], null, 1, { toString: null }].map((typ) => ({
      name: `typ ${JSON.stringify(typ)}`,
      token: pen.mint({ typ }),
      codes: ['token_type'] as const,
    })),
    ...[[], {}, null, 1, '', 'JWT ', 'xJWT', 'JWTx', 'application/', { toString: null }].map((typ) => ({
      name: `header typ ${JSON.stringify(typ)}`,
      token: pen.mint({}, { header: { typ } }),
      codes: ['token_type'] as const,
    })),
  ],
};
export default attack;
