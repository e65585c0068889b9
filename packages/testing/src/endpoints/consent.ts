import { browserIdOf, signedIn } from '../browser/cookies.ts';
import type { PendingLogin } from '../browser/pending.ts';
import { respond } from '../browser/respond.ts';
import { field, formOf } from '../http/bodies.ts';
import { issuerOf, noStore, redirectTo } from '../http/headers.ts';
import { sendConsentPage } from '../pages/forms.ts';
import type { Exchange, Route } from '../provider/route.ts';
import { toGranted } from '../tokens/scopes.ts';
import { consentUrl, pendingLogin, sendCode, sendNoLogin } from './pending-login.ts';

/**
 * Asks the person before a client that requires consent, or any device, gets tokens: an attacker could have sent a device's
 * link (RFC 8628 §5.4).
 */
export const consentRoute: Route = {
  endpoint: 'login',
  path: '/login-actions/consent',
  methods: ['GET', 'POST'],
  handler(exchange) {
    const { provider, request, reply } = exchange;
    const login = pendingLogin(provider, request);
    const session = signedIn(provider, request)?.session;
    if (login === undefined || session === undefined) return sendNoLogin(provider, reply);
    const { device, pushedAs } = login.request;
    const form = formOf(request);
    if (request.method !== 'POST') return askConsent(exchange, login);
    if (field(form, 'code') !== login.sessionCode || device?.verdict !== undefined)
      return sendNoLogin(provider, reply);
    provider.logins.close(browserIdOf(request)!, login);
    const accepted = form.has('accept') && !form.has('cancel');
    if (device === undefined) {
      if (pushedAs !== undefined) provider.pushedRequests.close(pushedAs);
      if (!accepted) return respond(reply, login.request, issuerOf(request), { error: 'access_denied' });
      provider.consents.grant(session.userId, login.request);
      return sendCode(exchange, login.request, session, login.organization);
    }
    device.verdict = accepted ? { sessionId: session.id } : 'denied';
    if (accepted) provider.sessions.touch(session, login.request.client);
    const status = `${issuerOf(request)}/device/status`;
    return redirectTo(noStore(reply), accepted ? status : `${status}?error=access_denied`);
  },
};

function askConsent({ provider, request, reply }: Exchange, login: PendingLogin) {
  const { realm } = provider;
  const { client, scope = '' } = login.request;
  const { scopes } = toGranted(realm, [...scope.split(' '), ...client.defaultScopes]);
  return sendConsentPage(reply, {
    realmName: realm.displayName,
    clientName: client.representation.name ?? client.clientId,
    scopes: scopes.map(({ name }) => name),
    about: client.attributes['consent.screen.text'],
    action: consentUrl(issuerOf(request), login),
    code: login.sessionCode,
  });
}
