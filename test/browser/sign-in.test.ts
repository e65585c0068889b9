import { test } from 'node:test';
import { startService } from '../../packages/server/src/index.ts';
import { createLoggerTo } from '../../packages/server/src/log/logger.ts';
import { collectLog, configFor, startIdp } from '../server/service.ts';
import { walkThrough } from '../session/journey.ts';

test('a person signs in from /, stays signed in, is signed out from outside, and signs out', async (t) => {
  const idp = await startIdp(t);
  idp.updateRealm({ accessTokenLifespan: 3 });
  const config = { ...configFor(idp.url), host: '127.0.0.1' };
  const service = await startService(config, { logger: createLoggerTo(config, collectLog().stream) });
  t.after(() => service.close());
  idp.updateClient('fastapi-keycloak', {
    redirectUris: [`${service.url}/*`],
    attributes: {
      'post.logout.redirect.uris': '+',
      'backchannel.logout.url': `${service.url}/backchannel-logout`,
      'backchannel.logout.session.required': 'true',
    },
  });
  await walkThrough(t, {
    url: service.url,
    accessTokenSeconds: 3,
    endSessions: () => idp.logoutUser('abdullah'),
  });
});
