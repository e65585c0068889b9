import { createPublicKey } from 'node:crypto';
import { allowAnyOrigin } from '../http/cors.ts';
import { issuerOf } from '../http/issuer.ts';
import type { Route } from '../http/route.ts';

export const realmInfoRoute: Route = {
  endpoint: 'realm',
  path: '/',
  methods: ['GET'],
  async handler({ provider, request, reply }) {
    const { realm, keys } = provider;
    allowAnyOrigin(request, reply);
    const issuer = issuerOf(request);
    const jwk = (await keys.current('RS256')).publicJwk;
    const key = createPublicKey({ key: jwk as import('node:crypto').JsonWebKey, format: 'jwk' });
    reply.header('cache-control', 'no-cache').type('application/json;charset=UTF-8');
    return reply.send({
      realm: realm.name,
      public_key: key.export({ type: 'spki', format: 'der' }).toString('base64'),
      'token-service': `${issuer}/protocol/openid-connect`,
      'account-service': `${issuer}/account`,
      'tokens-not-before': realm.settings.notBefore ?? 0,
    });
  },
};
