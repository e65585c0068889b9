import { warningsOfAuthorization } from './authz/warnings.ts';
import { mayAssert } from './client-auth/federated-jwt.ts';
import { BUILT_IN_CLIENTS } from './realm/built-in.ts';
import type { Client } from './realm/client.ts';
import { hasUnreadablePassword } from './realm/password.ts';
import type { Realm } from './realm/realm.ts';
import type { RealmRepresentation } from './realm/representation.ts';
import { isKnownMapper } from './tokens/mappers.ts';

/** What a realm file asks for, but this provider does not support. */
export function warningsOf(rep: RealmRepresentation, realm: Realm): string[] {
  const hashed = (rep.users ?? []).filter(hasUnreadablePassword).map(({ username }) => username);
  const holders = [
    ...[...realm.clients()].map((client) => ({
      name: `client ${client.clientId}`,
      mappers: speaksSaml(client) ? [] : client.mappers,
    })),
    ...[...realm.scopes.values()].map(({ name, protocol, protocolMappers }) => ({
      name: `client scope ${name}`,
      mappers: protocol === 'saml' ? [] : (protocolMappers ?? []),
    })),
  ];
  const mappings = [rep.scopeMappings ?? [], ...Object.values(rep.clientScopeMappings ?? {})].flat();
  const mapped = mappings.map(({ client }) => client);
  return [
    ...warningsOfLogin(rep),
    ...hashed.map(
      (username) =>
        `user ${username}: the password is hashed in a way this provider cannot check; ` +
        'give the user a password with "value" in the realm file',
    ),
    ...[...realm.clients()]
      .filter(isOwn)
      .flatMap((client) => [...warningsOfClient(client, mapped), ...warningsOfAuthorization(client, realm)]),
    ...holders.flatMap(({ name, mappers }) =>
      mappers
        .filter(({ protocolMapper }) => !isKnownMapper(protocolMapper))
        .map(
          (mapper) =>
            `${name}: the mapper "${mapper.name}" (${mapper.protocolMapper}) is not known, and left out`,
        ),
    ),
  ];
}

const STORAGE = 'org.keycloak.storage.UserStorageProvider';

/** What a login would do in Keycloak, and does not do here. */
function warningsOfLogin(rep: RealmRepresentation): string[] {
  const others = (rep.identityProviders ?? []).filter((one) => one.enabled !== false && !mayAssert(one));
  const federated = Object.keys(rep.components ?? {}).includes(STORAGE);
  const second = (rep.users ?? []).filter(({ credentials = [] }) =>
    credentials.some(({ type = 'password' }) => type !== 'password'),
  );
  const flow = rep.browserFlow;
  return [
    ...others.map(({ alias }) => `identity provider ${alias}: nobody can sign in with it here`),
    ...second.map(({ username }) => `user ${username}: the password alone signs in, without a second factor`),
    ...(federated ? ['user federation is left out: only the users of the file are there'] : []),
    ...(typeof flow === 'string' && flow !== 'browser'
      ? [`the login flow "${flow}" is left out: a name and a password sign in`]
      : []),
  ];
}

/** Keycloak's admin API writes this in place of a secret. */
const MASKED = '**********';

/** Ways for a client to authenticate, by their names in a realm file. */
const AUTHENTICATORS = ['client-secret', 'client-secret-jwt', 'client-jwt', 'federated-jwt'];

const isUnusable = (client: Client): boolean =>
  !client.isPublic &&
  !client.bearerOnly &&
  !speaksSaml(client) &&
  client.authenticator.startsWith('client-secret') &&
  (client.secret === undefined || client.secret === MASKED);

const speaksSaml = ({ representation }: Client): boolean => representation.protocol === 'saml';
const isOwn = ({ clientId }: Client): boolean => BUILT_IN_CLIENTS.every((one) => one.clientId !== clientId);

/** @param mapped clients with scope mappings */
function warningsOfClient(client: Client, mapped: readonly unknown[]): string[] {
  const { clientId, authenticator, fullScope, isPublic } = client;
  const found = [
    speaksSaml(client) && 'it speaks SAML; this provider speaks OpenID Connect alone',
    !isPublic &&
      !AUTHENTICATORS.includes(authenticator) &&
      `it authenticates by "${authenticator}"; this provider knows ${AUTHENTICATORS.join(', ')}`,
    isUnusable(client) &&
      `its secret is not in the file (${client.secret === undefined ? 'none' : MASKED}), so it cannot log in: Keycloak's console leaves ` +
        `secrets out of a partial export. Write the one under Clients > ${clientId} > Credentials into the file as ` +
        '"secret", or export with "kc.sh export"',
    Object.keys(client.representation.authenticationFlowBindingOverrides ?? {}).length > 0 &&
      'its own login flow is left out: a name and a password sign in',
    !fullScope &&
      mapped.includes(clientId) &&
      'it has no full scope, and its scope mappings are left out: its tokens have its own roles alone',
  ];
  return found.flatMap((what) => (what ? [`client ${clientId}: ${what}`] : []));
}
