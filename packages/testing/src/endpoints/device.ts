import { checkChallenge } from '../browser/auth-request.ts';
import { authenticateClient } from '../client-auth/authenticate-client.ts';
import { Fault, invalidGrant } from '../fault.ts';
import { field, formOf, queryOf, refuseDuplicates } from '../http/bodies.ts';
import { allowCaller, allowOriginsOf, issuerOf, noStore, redirectTo } from '../http/headers.ts';
import { sendDevicePage, sendInfoPage } from '../pages/pages.ts';
import type { Exchange, Route } from '../provider/route.ts';
import { hasFlag } from '../realm/client.ts';
import { authenticateUrl, openLogin } from './pending-login.ts';

const NOT_ENABLED =
  'Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. The flow is disabled for the client.';
const UNKNOWN = 'Invalid code, please try again.';
const EXPIRED = 'The code has expired. Please go back to your device and try connecting again.';

/** RFC 8628: where a device asks for a code (§3.1), and where a person enters it (§3.3). As in Keycloak, both paths do both. */
export const deviceRoutes: readonly Route[] = [
  ...['/protocol/openid-connect/auth/device', '/device'].map(
    (path): Route => ({ endpoint: 'device', path, methods: ['GET', 'POST'], handler: answerDevice }),
  ),
  {
    endpoint: 'device',
    path: '/device/status',
    methods: ['GET'],
    handler({ provider, request, reply }) {
      const { displayName } = provider.realm;
      return queryOf(request).has('error')
        ? sendInfoPage(reply, displayName, 'Consent denied for connecting the device.', 'Device Login Failed')
        : sendInfoPage(
            reply,
            displayName,
            'You may close this browser window and go back to your device.',
            'Device Login Successful',
          );
    },
  },
];

/** A browser, which wants HTML, is asked for the code. */
function answerDevice(exchange: Exchange) {
  const { request } = exchange;
  if (request.method !== 'POST')
    return verifyUserCode(exchange, queryOf(request).get('user_code') ?? undefined);
  if (request.headers.accept?.includes('text/html'))
    return verifyUserCode(exchange, field(formOf(request), 'device_user_code'));
  return authorizeDevice(exchange);
}

async function authorizeDevice({ provider, request, reply }: Exchange) {
  const { devices, clock } = provider;
  const form = formOf(request);
  allowCaller(request, reply);
  const client = await authenticateClient(provider, request);
  allowOriginsOf(client, request, reply);
  if (!hasFlag(client, 'oauth2.device.authorization.grant.enabled'))
    throw new Fault(400, 'unauthorized_client', NOT_ENABLED);
  refuseDuplicates(form, invalidGrant);
  noStore(reply);
  const challenge = checkChallenge(
    client,
    field(form, 'code_challenge'),
    field(form, 'code_challenge_method'),
  );
  const parameters = { scope: field(form, 'scope'), nonce: field(form, 'nonce'), challenge };
  const { deviceCode, userCode, expiresAt, intervalSeconds } = devices.open(client, parameters);
  const uri = `${issuerOf(request)}/device`;
  return reply.send({
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: uri,
    verification_uri_complete: `${uri}?user_code=${userCode}`,
    expires_in: expiresAt - clock.seconds(),
    interval: intervalSeconds,
  });
}

function verifyUserCode(exchange: Exchange, userCode: string | undefined) {
  const { request, reply } = exchange;
  const { realm, devices, clock } = exchange.provider;
  noStore(reply);
  const issuer = issuerOf(request);
  const ask = (error?: string) => sendDevicePage(reply, realm.displayName, `${issuer}/device`, error);
  if (userCode === undefined) return ask();
  const device = devices.findByUserCode(userCode);
  const client = device && realm.client(device.clientId);
  if (device === undefined || client === undefined || !client.enabled) return ask(UNKNOWN);
  if (device.expiresAt <= clock.seconds()) return ask(EXPIRED);
  const login = openLogin(exchange, {
    client,
    device,
    redirectUri: `${issuer}/device/status`,
    state: undefined,
    mode: 'query',
    scope: device.scope,
    nonce: device.nonce,
    prompts: [],
    maxAge: undefined,
    loginHint: undefined,
    challenge: undefined,
  });
  return redirectTo(reply, authenticateUrl(issuer, login));
}
