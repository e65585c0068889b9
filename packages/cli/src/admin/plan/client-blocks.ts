import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import { type SetupGoal, toClient } from '../goal.ts';
import { FLOWS } from './complete-client.ts';
import type { Blocked } from './step.ts';

/**
 * Settings of the client that keep this product out, and that setup does not touch: changing them would make the client less
 * safe.
 */
export function clientBlocks(client: ClientRepresentation, goal: SetupGoal, subject: string): Blocked[] {
  const blocked: Blocked[] = [];
  const block = (why: string, fix: string) => blocked.push({ subject, why, fix });
  const isOn = (attribute: string) => String(client.attributes?.[attribute]) === 'true';
  const settings = `Clients > ${goal.clientId}`;

  if (client.enabled === false && !goal.enable) {
    block(
      'the client is switched off; somebody may have had a reason',
      `${settings} > Enabled (top right) ON, or run setup with --enable`,
    );
  }
  for (const [field, key] of goal.keepFlows ? FLOWS : []) {
    if (client[key] || !toClient(goal)[key]) continue;
    block(
      `the switch '${field}' is off; somebody may have had a reason`,
      `${settings} > Settings > Capability config > ${field} ON, or say --enable`,
    );
  }
  if (
    !goal.hasOwnCredential &&
    !client.publicClient &&
    (client.clientAuthenticatorType ?? 'client-secret') !== 'client-secret'
  ) {
    block(
      `the client authenticates with '${client.clientAuthenticatorType}', and setup writes a secret`,
      'leave it so, and set KEYCLOAK_CLIENT_KEY_FILE or KEYCLOAK_CLIENT_TOKEN_FILE in place of the secret (library: the option credential); or choose another by --credential',
    );
  }
  if (client.protocol !== undefined && client.protocol !== 'openid-connect') {
    block(`the client speaks ${client.protocol}`, 'Choose another client id (--client-id)');
  }
  // The client of an API that only checks tokens has no sign-in.
  if (goal.shape === 'api') return blocked;
  if (client.consentRequired) {
    block(
      'the client asks users for consent, so POST /login is refused',
      `${settings} > Settings > Login settings > Consent required OFF`,
    );
  }
  if (isOn('dpop.bound.access.tokens')) {
    block(
      'the client wants DPoP proofs, which POST /login does not send',
      `${settings} > Settings > Capability config > Require DPoP bound tokens OFF`,
    );
  }
  if (isOn('tls.client.certificate.bound.access.tokens')) {
    block(
      'the client binds tokens to a TLS client certificate, which this product does not have',
      `${settings} > Advanced > OAuth 2.0 Mutual TLS Certificate Bound Access Tokens Enabled OFF`,
    );
  }
  if (isOn('require.pushed.authorization.requests')) {
    block(
      'the client wants pushed authorization requests (PAR) for the browser login; POST /login works',
      `${settings} > Advanced > Pushed authorization request required OFF`,
    );
  }
  return blocked;
}
