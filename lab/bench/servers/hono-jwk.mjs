// Hono's own middleware, as it is fast: its keys are fetched once (with `jwks_uri` it fetches them for every request), and
// it looks at issuer and audience, which by default it does not.
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { jwk } from 'hono/jwk';
import { CLIENT_ID, issuer, PORT, toAnswer } from './settings.mjs';

const { keys } = await (await fetch(`${issuer}/protocol/openid-connect/certs`)).json();
const guard = jwk({ keys, alg: ['RS256'], verification: { iss: issuer, aud: CLIENT_ID } });
const app = new Hono().get('/protected', guard, (c) => c.json(toAnswer(c.get('jwtPayload'))));
createAdaptorServer(app).listen(Number(PORT), '127.0.0.1');
