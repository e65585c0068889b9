import Router from '@koa/router';
import jwksRsa from 'jwks-rsa';
import Koa from 'koa';
import jwt from 'koa-jwt';
import { CLIENT_ID, issuer, PORT, toAnswer } from './settings.mjs';

const secret = jwksRsa.koaJwtSecret({ jwksUri: `${issuer}/protocol/openid-connect/certs`, cache: true });
const router = new Router();
router.get('/protected', jwt({ secret, audience: CLIENT_ID, issuer, algorithms: ['RS256'] }), (ctx) => {
  ctx.body = toAnswer(ctx.state.user);
});
new Koa().use(router.routes()).listen(Number(PORT), '127.0.0.1');
