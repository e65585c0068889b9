import { checkVerifier } from '../browser/pkce.ts';
import { Fault, invalidGrant, invalidRequest } from '../fault.ts';
import { field } from '../http/form.ts';
import { hasFlag } from '../realm/client.ts';
import { issueTokens } from '../tokens/issue.ts';
import { toGranted } from '../tokens/scopes.ts';
import type { GrantHandler } from './grant-handler.ts';
import { assertMayGoOffline, offlineCopyOf } from './offline.ts';

/** RFC 8628 §3.4 and §3.5. */
export const deviceCodeGrant: GrantHandler = async ({ provider, form, client, issuer, jkt }) => {
  const { devices, clock, sessions, realm } = provider;
  if (!hasFlag(client, 'oauth2.device.authorization.grant.enabled')) {
    throw invalidGrant('Client not allowed OAuth 2.0 Device Authorization Grant');
  }
  const code = field(form, 'device_code');
  if (code === undefined) throw invalidRequest('Missing parameter: device_code');
  const device = devices.find(code);
  if (device === undefined) throw invalidGrant('Device code not valid');
  if (device.clientId !== client.clientId) throw invalidGrant('unauthorized client');
  if (device.expiresAt <= clock.seconds()) throw new Fault(400, 'expired_token', 'Device code is expired');
  if (!devices.mayAskNow(device)) throw new Fault(400, 'slow_down', 'Slow down');
  const { verdict } = device;
  if (verdict === undefined) {
    throw new Fault(400, 'authorization_pending', 'The authorization request is still pending');
  }
  if (verdict === 'denied') {
    throw new Fault(400, 'access_denied', 'The end user denied the authorization request');
  }
  checkVerifier(device.challenge, field(form, 'code_verifier'));
  devices.close(device);
  const session = sessions.find(verdict.sessionId);
  const user = session && realm.userById(session.userId);
  if (session === undefined || user === undefined) throw invalidGrant('Code not valid');
  if (!user.enabled) throw invalidGrant('User disabled');

  const scopes = toGranted(realm, [...(device.scope ?? '').split(' '), ...client.defaultScopes], user);
  assertMayGoOffline(realm, user, scopes);
  const kept = scopes.offline ? offlineCopyOf(sessions, session) : session;
  const { nonce } = device;
  return issueTokens(provider, { issuer, client, user, session: kept, scopes, nonce, grantCode: 'dg', jkt });
};
