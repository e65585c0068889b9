// A stand-in for Keycloak with fixed answers, so that what is measured is the contender. Its keys come by message.
import { createServer } from 'node:http';

const base = `/realms/${process.env.REALM}`;
const protocol = `${base}/protocol/openid-connect`;
const calls = { discovery: 0, certs: 0, userinfo: 0, introspection: 0, permissions: 0, resources: 0 };
let jwks = { keys: [] };

const userinfo = {
  preferred_username: 'abdullah',
  email: 'abdullah@example.com',
  name: 'Abdullah Alqahtani',
};

const server = createServer((request, response) => {
  const origin = `http://${request.headers.host}`;
  const answer = (body, status = 200) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  if (request.url.startsWith(`${base}/authz/protection/resource_set`)) {
    calls.resources++;
    return answer([describeResource(new URL(request.url, origin).searchParams.get('name'))]);
  }
  if (request.url === `${protocol}/token`) return void answerToken(request, answer);
  request.resume();
  switch (request.url) {
    case `${base}/.well-known/openid-configuration`:
      calls.discovery++;
      return answer({
        issuer: origin + base,
        jwks_uri: `${origin}${protocol}/certs`,
        userinfo_endpoint: `${origin}${protocol}/userinfo`,
      });
    case `${protocol}/certs`:
      calls.certs++;
      return answer(jwks);
    case `${protocol}/userinfo`:
      calls.userinfo++;
      return answer({ sub: readSubject(request.headers.authorization), ...userinfo });
    case `${protocol}/token/introspect`:
      calls.introspection++;
      return answer({ active: true });
    default:
      return answer({ error: 'not found' }, 404);
  }
});

function describeResource(name) {
  return { _id: `id-${name}`, name, owner: { id: 'the-client' }, scopes: [{ name: 'view' }], uris: [] };
}

/** As the authorization services answer somebody who may do everything. */
async function answerToken(request, answer) {
  let text = '';
  for await (const chunk of request) text += chunk;
  const form = new URLSearchParams(text);
  const grant = form.get('grant_type');
  if (grant === 'client_credentials') return answer({ access_token: 'x', expires_in: 300 });
  if (grant === 'password') return answer(toLogin(`http://${request.headers.host}${base}`, form));
  calls.permissions++;
  const granted = form.getAll('permission').map((one) => {
    const [rsid, scopes] = one.split('#');
    return { rsid, rsname: rsid, scopes: scopes.split(',') };
  });
  return answer(granted);
}

/** Of the size of Keycloak's. Nobody checks these signatures: the tokens come straight from the realm. */
function toLogin(iss, form) {
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss,
    iat,
    exp: iat + 300,
    sub: 'a-user',
    aud: form.get('client_id'),
    azp: form.get('client_id'),
  };
  const token = (typ, bytes) => {
    const parts = [
      { alg: 'RS256', typ: 'JWT', kid: 'k' },
      { ...claims, typ, sid: 'a-session', filler: 'x'.repeat(bytes) },
    ];
    return `${parts.map((one) => Buffer.from(JSON.stringify(one)).toString('base64url')).join('.')}.${'s'.repeat(342)}`;
  };
  return {
    ...{
      access_token: token('Bearer', 500),
      expires_in: 300,
      token_type: 'Bearer',
      scope: 'openid profile email',
    },
    ...{ refresh_token: token('Refresh', 100), refresh_expires_in: 1800, id_token: token('ID', 200) },
    ...{ 'not-before-policy': 0, session_state: 'a-session' },
  };
}

function readSubject(authorization) {
  return JSON.parse(Buffer.from(authorization.split('.')[1], 'base64url')).sub;
}

process.on('message', (message) => {
  if (message.jwks) jwks = message.jwks;
  process.send({ calls });
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
