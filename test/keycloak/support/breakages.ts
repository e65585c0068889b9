import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Lab } from './lab.ts';

export const LOCALES = { internationalizationEnabled: true, supportedLocales: ['de'], defaultLocale: 'de' };
export const NO_LOCALES = { internationalizationEnabled: false, supportedLocales: [], defaultLocale: '' };

export const soon = (): number => Math.floor(Date.now() / 1000) + 600;

/** Takes the lab's audience mapper away. */
export async function withoutMappers({ api, realm, clientUuid }: Lab): Promise<void> {
  const id = await clientUuid();
  for (const { id: mapperId = '' } of await api.clients.listProtocolMappers({ realm, id })) {
    await api.clients.delProtocolMapper({ realm, id, mapperId });
  }
}

export async function addClaim(
  { api, realm, clientUuid }: Lab,
  name: string,
  value: string,
  count = 1,
): Promise<void> {
  for (let index = 0; index < count; index++) {
    const claim = count === 1 ? name : `${name}${index}`;
    const config = { 'claim.name': claim, 'claim.value': value, 'jsonType.label': 'String' };
    await api.clients.addProtocolMapper(
      { realm, id: await clientUuid() },
      {
        name: `claim ${claim}`,
        protocol: 'openid-connect',
        protocolMapper: 'oidc-hardcoded-claim-mapper',
        config: { ...config, 'access.token.claim': 'true' },
      },
    );
  }
}

export async function makeOptional({ api, realm, clientUuid }: Lab, name: string): Promise<void> {
  const id = await clientUuid();
  const clientScopeId = (await api.clientScopes.find({ realm })).find((one) => one.name === name)?.id ?? '';
  await api.clients.delDefaultClientScope({ realm, id, clientScopeId });
  await api.clients.addOptionalClientScope({ realm, id, clientScopeId });
}

/** `offline_access` of every login, and a user who may not have it. */
export async function forbidOffline({ api, realm, clientUuid, userId }: Lab): Promise<void> {
  const [id, user] = [await clientUuid(), await userId()];
  const scope = (await api.clientScopes.find({ realm })).find(({ name }) => name === 'offline_access');
  const clientScopeId = scope?.id ?? '';
  await api.clients.delOptionalClientScope({ realm, id, clientScopeId });
  await api.clients.addDefaultClientScope({ realm, id, clientScopeId });
  const roles = await api.users.listRealmRoleMappings({ realm, id: user });
  const names = roles.map((role) => ({ id: role.id ?? '', name: role.name ?? '' }));
  await api.users.delRealmRoleMappings({ realm, id: user, roles: names });
}

export async function addStep(
  { api, realm }: Lab,
  provider: string,
  config?: Record<string, string>,
): Promise<void> {
  const [flows, flow] = [api.authenticationManagement, 'own grant'];
  await flows.copyFlow({ realm, flow: 'direct grant', newName: flow });
  await flows.addExecutionToFlow({ realm, flow, provider });
  const step = (await flows.getExecutions({ realm, flow })).find(({ providerId }) => providerId === provider);
  await flows.updateExecution({ realm, flow }, { ...step, requirement: 'REQUIRED' });
  if (config) await flows.createConfig({ realm, id: step?.id ?? '', alias: 'own', config });
  await api.realms.update({ realm }, { directGrantFlow: flow });
}

export async function dropFlow({ api, realm }: Lab): Promise<void> {
  await api.realms.update({ realm }, { directGrantFlow: 'direct grant' });
  const own = (await api.authenticationManagement.getFlows({ realm })).find(
    ({ alias }) => alias === 'own grant',
  );
  await api.authenticationManagement.deleteFlow({ realm, flowId: own?.id ?? '' });
}

const STORAGE = 'org.keycloak.storage.UserStorageProvider';

/** A directory at an address where nothing listens. */
export async function addDirectory({ api, realm }: Lab): Promise<string> {
  const names = {
    usernameLDAPAttribute: ['uid'],
    rdnLDAPAttribute: ['uid'],
    uuidLDAPAttribute: ['entryUUID'],
  };
  const where = { connectionUrl: ['ldap://127.0.0.1:9'], usersDn: ['ou=people'], authType: ['none'] };
  const rest = { userObjectClasses: ['inetOrgPerson'], editMode: ['READ_ONLY'], vendor: ['other'] };
  const config = { ...names, ...where, ...rest, enabled: ['true'], searchScope: ['1'] };
  const { id } = await api.components.create({
    ...{ realm, name: 'people', providerId: 'ldap', providerType: STORAGE },
    config,
  });
  return id;
}

export async function dropDirectory({ api, realm }: Lab): Promise<void> {
  for (const { id = '' } of await api.components.find({ realm, type: STORAGE }))
    await api.components.del({ realm, id });
}

export async function serveNotFound(): Promise<string> {
  const server = createServer((_, answer) => answer.writeHead(404).end('no'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/backchannel-logout`;
}

/** A realm of the same name with a key of its own. */
export async function serveOtherKeycloak(name: string): Promise<string> {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'other', use: 'sig', alg: 'RS256' }];
  const server = createServer(({ url = '' }, answer) => {
    const issuer = `${origin}/realms/${name}`;
    const certs = `${issuer}/protocol/openid-connect/certs`;
    answer.setHeader('content-type', 'application/json');
    answer.end(JSON.stringify(url.endsWith('/certs') ? { keys } : { issuer, jwks_uri: certs }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return origin;
}

export const setRealm = (patch: object) => (lab: Lab) => lab.api.realms.update({ realm: lab.realm }, patch);
