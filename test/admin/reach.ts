import type { FakeRealm } from './fake-keycloak.ts';

/** Something that somebody can do in a realm. */
export interface Reach {
  /** A client, a user, or `the realm`. */
  readonly who: string;
  /** Words that a sentence about it must have. */
  readonly what: readonly string[];
}

type Json = Record<string, never>;

const listOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** What the mappers write into `aud`. */
function audiencesOf(item: Json | undefined): string[] {
  const mappers = (item?.protocolMappers ?? []) as { config?: Record<string, string> }[];
  return mappers.flatMap(
    ({ config = {} }) => config['included.client.audience'] ?? config['included.custom.audience'] ?? [],
  );
}

/** Does what a mapper of the client would do, and is not told apart from one. */
function isAudienceAlone(scope: Json | undefined): boolean {
  const mappers = (scope?.protocolMappers ?? []) as { protocolMapper?: string }[];
  return (
    mappers.length > 0 && mappers.every(({ protocolMapper }) => protocolMapper === 'oidc-audience-mapper')
  );
}

/**
 * Everything that clients, users and strangers can do in a realm, as far as setup could change it. Written from what Keycloak does
 * with the settings, not from what setup plans.
 */
export function reachOf({ self, lists, policies, providers }: FakeRealm): Reach[] {
  const scopes = lists['client-scopes'] as unknown as Json[];
  const scope = (name: string) => scopes.find((one) => one.name === name);
  const found: Reach[] = [];
  const add = (who: unknown, ...what: string[]) => found.push({ who: String(who), what });

  for (const client of lists.clients as unknown as Json[]) {
    const who = client.clientId;
    for (const uri of listOf(client.redirectUris)) add(who, uri);
    for (const origin of listOf(client.webOrigins)) add(who, origin);
    const attributes = (client.attributes ?? {}) as Record<string, string>;
    for (const uri of String(attributes['post.logout.redirect.uris'] ?? '')
      .split('##')
      .filter(Boolean))
      add(who, uri);
    if (attributes['backchannel.logout.url']) add(who, attributes['backchannel.logout.url']);
    if (client.serviceAccountsEnabled) add(who, 'own name');
    if (attributes['standard.token.exchange.enabled'] === 'true') add(who, 'exchange');
    // Who can prove to be the client.
    if ((client.clientAuthenticatorType ?? 'client-secret') === 'client-secret') add(who, 'secret');
    const account = attributes['jwt.credential.sub']?.split(':').slice(-2).join('/');
    if (account) add(who, account);
    for (const [, kid = ''] of String(attributes['jwks.string']).matchAll(/"kid":"([^"]+)"/g)) add(who, kid);
    if (client.standardFlowEnabled) add(who, 'sign in');
    if (client.directAccessGrantsEnabled) add(who, 'passwords');
    if (client.enabled !== false) add(who, 'tokens');
    if (client.serviceAccountsEnabled) add(who, 'own name');
    for (const name of listOf(client.defaultClientScopes))
      if (!isAudienceAlone(scope(name))) add(who, `scope ${name}`);
    for (const name of listOf(client.optionalClientScopes))
      if (!isAudienceAlone(scope(name))) add(who, `scope ${name}`);
    // Always in one token: who receives it as one of them can show it to another.
    const always = [
      ...audiencesOf(client),
      ...listOf(client.defaultClientScopes).flatMap((name) => audiencesOf(scope(name))),
    ];
    for (const one of always) for (const other of always) if (one !== other) add(who, one, other);
    for (const name of listOf(client.optionalClientScopes)) {
      const asked = audiencesOf(scope(name));
      for (const one of asked) add(who, one);
      const together = [...always, ...asked];
      for (const one of asked) for (const other of together) if (one !== other) add(who, one, other);
    }
  }
  for (const user of lists.users as unknown as Json[]) {
    for (const given of listOf(user.given)) add(user.serviceAccountOf ?? user.username, given);
    if (user.enabled !== false) add(user.username, 'sign in');
  }
  if (self.organizationsEnabled) add('the realm', 'name first');
  for (const { alias, domains, members, groups } of lists.organizations as unknown as Json[]) {
    for (const { path, ...has } of (groups ?? []) as Json[]) {
      const inGroup = listOf(has.members);
      for (const id of inGroup)
        add(lists.users.find((one) => one.id === id)?.username, String(path), String(alias));
      for (const { name } of (inGroup.length > 0 ? has.roles : []) as { name: string }[])
        add('the realm', String(path), String(alias), name);
    }
    for (const id of listOf(members)) add(lists.users.find((one) => one.id === id)?.username, String(alias));
    for (const { name } of (domains ?? []) as { name: string }[]) add('the realm', String(alias), name);
  }
  for (const { config } of providers as unknown as { config: { issuer: string } }[])
    add('the realm', config.issuer);
  for (const { config } of lists.components as unknown as { config: Record<string, string[]> }[])
    for (const value of Object.values(config).flat()) add('the realm', value);
  for (const list of Object.values(policies) as { executors?: object[]; conditions?: object[] }[][])
    for (const domain of JSON.stringify(list).matchAll(/"([a-z\d-]+(?:\.[a-z\d-]+)+)"/g))
      add('the realm', domain[1] ?? '');
  return found;
}
