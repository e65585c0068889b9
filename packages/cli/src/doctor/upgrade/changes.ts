import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type { AdminConnection } from '../../admin/connection.ts';
import { audiencesOf, mappersOf } from '../../admin/mappers.ts';
import { BUILT_IN } from '../../admin/tenant/realm.ts';

export type RealmFacts = Awaited<ReturnType<typeof readRealmFacts>>;

export async function readRealmFacts({ api }: AdminConnection, realm: string) {
  const info = await api.serverInfo.find().catch(() => undefined);
  const settings = await api.realms.findOne({ realm });
  const all = await api.clients.find({ realm });
  const scopes = await api.clientScopes.find({ realm });
  const unread = new Set<string>();
  const orNone = (what: string) => () => {
    unread.add(what);
    return [];
  };
  const providers = await api.identityProviders.find({ realm }).catch(orNone('identity providers'));
  const names: string[] = [];
  const types = new Set<string>();
  for (const { id = '', authorizationServicesEnabled: has, clientId = '' } of all) {
    const isManagement = clientId === 'realm-management';
    if (has !== true || (BUILT_IN.test(clientId) && !isManagement)) continue;
    const policies =
      (await api.clients.listPolicies({ id, realm, max: 1000 }).catch(orNone('policies'))) || [];
    if (isManagement) names.push(...policies.map(({ name = '' }) => name));
    else for (const { type = '' } of policies) types.add(type);
  }
  return {
    version: info?.systemInfo?.version,
    /** What this admin may not see, or Keycloak did not say. */
    unread: [...unread],
    ssoSessionIdle: settings?.ssoSessionIdleTimeout ?? Number.POSITIVE_INFINITY,
    ssoSessionMax: settings?.ssoSessionMaxLifespan ?? Number.POSITIVE_INFINITY,
    clients: all.filter(
      ({ clientId = '', enabled, protocol = 'openid-connect' }) =>
        enabled === true && protocol === 'openid-connect' && !BUILT_IN.test(clientId),
    ),
    mappersOf: (client: ClientRepresentation) => [
      ...mappersOf(client, scopes),
      ...mappersOf(client, scopes, 'optionalClientScopes'),
    ],
    identityProviders: providers.map(({ providerId = '' }) => providerId),
    hasAdminPermissions: names.some((name) => /\.permission\.(client|users?|group|role|idp)\b/.test(name)),
    exchangePermissions: names.filter((name) => name.startsWith('token-exchange.permission')),
    policyTypes: types,
  };
}

/** Something that works before a version of Keycloak, and not from it on. */
export interface Change {
  readonly id: string;
  readonly since: string;
  readonly breaks: string;
  readonly fix: string;
  readonly source: string;
  readonly meets: (realm: RealmFacts) => readonly string[];
  /** It bites only applications that rely on it, which a realm does not show. */
  readonly isQuiet?: boolean;
}

export const GUIDE = 'https://www.keycloak.org/docs/latest/upgrading/';
const names = (clients: readonly ClientRepresentation[]) => clients.map(({ clientId = '' }) => clientId);
const seconds = (value: string | undefined) => Number(value ?? 0);

const isLightweight = ({ attributes }: ClientRepresentation) =>
  attributes?.['client.use.lightweight.access.token.enabled'] === 'true';

/** Whether some other client's tokens are for this one, or its own. */
const isAudience = (realm: RealmFacts, { clientId = '' }: ClientRepresentation) =>
  realm.clients.some((one) => audiencesOf(realm.mappersOf(one)).includes(clientId));

const mappersIn = (realm: RealmFacts, kind: RegExp) =>
  realm.clients.flatMap((one) =>
    realm
      .mappersOf(one)
      .flatMap((mapper) =>
        kind.test(mapper.protocolMapper ?? '') ? { ...mapper, clientId: one.clientId } : [],
      ),
  );

/** The versions between which the changes are known, these included. Beyond the last one nothing is. */
export const KNOWN = { from: '22.0.0', to: '26.7.3' } as const;

/** In order of their versions. Each was tried on a realm that an upgrade met, where the realm shows it. */
export const CHANGES: readonly Change[] = [
  {
    id: 'role-mapper',
    since: '23.0.0',
    breaks: 'a role mapper with Multivalued OFF gives one role, where it gave a list of all as a string',
    fix: 'Switch Multivalued ON at the mapper, and let the applications read a list.',
    source: 'Changes to the value format of claims mapped by the realm and client role mappers',
    meets: (realm) =>
      mappersIn(realm, /^oidc-usermodel-(realm|client)-role-mapper$/).flatMap(({ clientId, name, config }) =>
        config?.multivalued === 'false' ? `${clientId}: ${name}` : [],
      ),
  },
  {
    id: 'linkedin',
    since: '25.0.0',
    breaks: 'the old LinkedIn provider is gone',
    fix: 'Create the identity provider again, with the current provider LinkedIn (OpenID Connect).',
    source: 'Removal of the deprecated LinkedIn provider',
    meets: ({ identityProviders }) => identityProviders.filter((id) => id === 'linkedin'),
  },
  {
    id: 'admin-permissions',
    since: '26.2.0',
    breaks:
      'the feature admin-fine-grained-authz is version 2, which does not look at the permissions of version 1: delegated admins and exchanges of tokens are refused',
    fix: 'Start Keycloak with admin-fine-grained-authz:v1 for the time being, and create the permissions again (Permissions in the console).',
    source: 'Fine-Grained Admin Permissions (FGAP) v1',
    meets: ({ hasAdminPermissions, exchangePermissions }) =>
      exchangePermissions.length > 0
        ? exchangePermissions
        : hasAdminPermissions
          ? ['permissions of realm-management']
          : [],
  },
  {
    id: 'instagram',
    since: '26.3.0',
    breaks: 'the Instagram provider is off',
    fix: 'Start Keycloak with the feature instagram-broker, or use the Facebook provider.',
    source: 'Deprecated for removal the Instagram Identity Broker',
    meets: ({ identityProviders }) => identityProviders.filter((id) => id === 'instagram'),
  },
  {
    id: 'client-sessions',
    since: '26.5.0',
    breaks:
      "a client's Client Session Idle or Max is longer than the realm's: it cannot be saved any more, by the console or by a script",
    fix: "Make it as short as the realm's (Clients > Advanced > Advanced settings), or empty.",
    source: 'Validation of client session timeouts',
    meets: ({ clients, ssoSessionIdle, ssoSessionMax }) =>
      names(
        clients.filter(
          ({ attributes }) =>
            seconds(attributes?.['client.session.idle.timeout']) > ssoSessionIdle ||
            seconds(attributes?.['client.session.max.lifespan']) > ssoSessionMax,
        ),
      ),
  },
  {
    id: 'js-policies',
    since: '26.6.0',
    breaks: 'policies in JavaScript work only with the feature scripts',
    fix: 'Start Keycloak with the feature scripts, or write the policies again.',
    source: 'JavaScript-based policies can only be deployed now if the scripts feature is enabled',
    meets: ({ policyTypes }) => [...policyTypes].filter((type) => /^(js|script-)/.test(type)),
  },
  {
    id: 'introspection-audience',
    since: '26.6.2',
    breaks: "introspection says active: false of every token that does not name the asking client in 'aud'",
    fix: 'Audience mapper for that client at each client whose tokens it introspects. For a while: Clients > Advanced > OpenID Connect Compatibility Modes > Allow token introspection without audience check ON.',
    source: 'Token introspection now validates audience claim',
    meets: (realm) =>
      names(
        realm.clients.filter(
          (one) =>
            !one.publicClient &&
            !one.bearerOnly &&
            !isAudience(realm, one) &&
            one.attributes?.['allow.token.introspection.without.audience.check'] !== 'true',
        ),
      ),
    isQuiet: true,
  },
  {
    id: 'lightweight-userinfo',
    since: '26.6.2',
    breaks: 'userinfo refuses lightweight tokens (401)',
    fix: 'Introspect instead (with an Audience mapper, Add to token introspection ON), or Always use lightweight access token OFF. For a while: the attribute allow.userinfo.with.lightweight.access.token of the client.',
    source: 'UserInfo endpoint rejects lightweight access tokens',
    meets: ({ clients }) =>
      names(
        clients.filter(
          (one) =>
            isLightweight(one) && one.attributes?.['allow.userinfo.with.lightweight.access.token'] !== 'true',
        ),
      ),
  },
  {
    id: 'redirect-wildcard',
    since: '26.6.3',
    breaks: 'a * directly after a host name covers paths only: no ports, and no longer host names',
    fix: 'Write each redirect URI with its port and path.',
    source: 'Valid redirect URIs for clients do not accept wildcards for hostname anymore',
    meets: ({ clients }) =>
      clients.flatMap(({ clientId, redirectUris = [] }) =>
        redirectUris.filter((uri) => /^https?:\/\/[^/*]+\*$/.test(uri)).map((uri) => `${clientId}: ${uri}`),
      ),
  },
  {
    id: 'mapped-admin-roles',
    since: '26.7.1',
    breaks: 'admin roles that a mapper writes into a token give no access to the Admin API any more',
    fix: 'Assign the roles to the users or to the service account themselves.',
    source: 'Stricter checks in the Admin API for admin roles granted via protocol mappers',
    meets: (realm) =>
      mappersIn(realm, /^oidc-hardcoded-role-mapper$/).flatMap(({ clientId, config }) =>
        /^realm-management\.|^admin$/.test(config?.role ?? '') ? `${clientId}: ${config?.role}` : [],
      ),
  },
  {
    id: 'redirect-parameters',
    since: '26.7.3',
    breaks: 'a redirect URI with state, code or session_state of its own is refused',
    fix: 'Come back to an address without them. For a while: the attribute allow.oidc.params.in.redirect.uris of the client.',
    source: 'OIDC parameters in redirect URIs rejected by default',
    meets: ({ clients }) =>
      clients.flatMap(({ clientId, redirectUris = [], attributes }) =>
        attributes?.['allow.oidc.params.in.redirect.uris'] === 'true'
          ? []
          : [...redirectUris, ...(attributes?.['post.logout.redirect.uris'] ?? '').split('##')]
              .filter((uri) => /[?&#](state|code|session_state|iss|access_token|id_token)=/.test(uri))
              .map((uri) => `${clientId}: ${uri}`),
      ),
  },
];

/** Changes that a realm does not show: they concern Keycloak's own settings, applications, or calls of Keycloak. */
export const UNSEEN: readonly (readonly [since: string, what: string])[] = [
  [
    '23.0.0',
    "answers of a sign-in have a parameter 'iss' more: old adapters stumble (Advanced > Exclude Issuer From Authentication Response)",
  ],
  [
    '25.0.0',
    "tokens have no 'session_state' ('sid' is the same), and 'nonce' only in the ID token of the sign-in: update keycloak-js to 25 or later, or add the mappers Session State and Nonce backwards compatible",
  ],
  ['25.0.0', '/health and /metrics are at the management port 9000'],
  [
    '26.0.0',
    'KC_PROXY is gone: KC_PROXY_HEADERS. KC_HOSTNAME_URL, _PORT, _PATH, _STRICT_BACKCHANNEL are gone: KC_HOSTNAME with the whole URL',
  ],
  [
    '26.0.0',
    'KEYCLOAK_ADMIN and KEYCLOAK_ADMIN_PASSWORD are now KC_BOOTSTRAP_ADMIN_USERNAME and _PASSWORD; sessions of before 25 end',
  ],
  ['26.0.0', 'logout takes no redirect_uri: post_logout_redirect_uri and id_token_hint'],
  [
    '26.4.3',
    'paths with // or .. (from 26.6 on also ;) are answered 400: look for a slash at the end of addresses',
  ],
  ['26.6.0', 'a wrong password is HTTP 400, where it was 401'],
  ['26.6.1', 'Keycloak follows no redirects when it calls others (identity providers, back-channel logout)'],
  [
    '26.6.3',
    "an Origin that is not among the client's web origins is refused at once (403), of servers too that pass a browser's headers on",
  ],
  ['26.7.2', 'linking accounts by /broker/PROVIDER/link is off: kc_action=idp_link'],
];

export const toSource = (heading: string): string => `${GUIDE} (${heading})`;
