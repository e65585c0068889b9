import Keycloak from '@keycloak-guard/connect';
import express from 'express';
import { CLIENT_ID, PORT, REALM, SERVER_URL, toAnswer } from './settings.mjs';

const keycloak = new Keycloak(
  {},
  {
    realm: REALM,
    'auth-server-url': SERVER_URL,
    resource: CLIENT_ID,
    'bearer-only': true,
    'ssl-required': 'none',
  },
);
const app = express();
app.use(keycloak.middleware());
app.get('/protected', keycloak.protect(), (request, response) =>
  response.json(toAnswer(request.kauth.grant.access_token.content)),
);
app.listen(Number(PORT), '127.0.0.1');
