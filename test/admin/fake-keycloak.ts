import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeAuthz, type FakeAuthzOptions } from './fake-authz.ts';
import { answerInMemory, type InMemory } from './in-memory.ts';

type Item = Record<string, unknown> & { id: string };

/** As much of Keycloak's Admin API as setup uses, in memory: for tests of what is sent, not of Keycloak. */
export interface FakeKeycloak {
  readonly url: string;
  /** Method and path of every call that changed something. */
  readonly changes: string[];
  readonly realms: Map<string, FakeRealm>;
  /** Answers `403` to calls whose path matches. */
  forbid(path: RegExp | undefined): void;
  /** Authorization services by the id of their client. */
  readonly authz: Map<string, FakeAuthz>;
  /** Ids of the authenticators that it has. */
  readonly authenticators: string[];
  /** Kinds of mapper that it has; `undefined`: it does not tell. */
  mapperTypes: readonly string[] | undefined;
  /** Calls of the Admin API until now. */
  calls(): number;
  /** Which of them changed something, counted from the first one ever. */
  readonly changing: readonly number[];
  /** Breaks off the connection at this call of the Admin API from now, before or after it was done, and at all that follow. */
  cut(after: number | undefined, when?: 'before' | 'after'): void;
  /** What the protection API answers to the service account. */
  protection: [status: number, json: object];
  close(): void;
}

/** What is kept of a realm. */
export interface FakeRealm {
  readonly self: Record<string, unknown>;
  readonly lists: Record<
    'clients' | 'users' | 'roles' | 'groups' | 'client-scopes' | 'components' | 'organizations',
    Item[]
  >;
  /** Names of the client scopes that new clients may ask for. */
  readonly optional: string[];
  /** Identity providers. */
  readonly providers: Item[];
  /** Client profiles and policies, by the name of their list. */
  readonly policies: Record<string, unknown>;
}

const SCOPES = ['basic', 'profile', 'email', 'roles'].map((name) => ({
  id: name,
  name,
  protocolMappers: [],
}));

/** Clients may ask for it, where setup gives it to them. */
const ORGANIZATION = {
  ...{ id: 'organization', name: 'organization' },
  protocolMappers: [
    {
      id: 'm-organization',
      protocolMapper: 'oidc-organization-membership-mapper',
      config: { 'claim.name': 'organization', 'access.token.claim': 'true' },
    },
  ],
};

/** Who may register clients without a token: nobody, as in a new realm. */
const POLICIES = ['trusted-hosts', 'registration-web-origins'].map((providerId) => ({
  id: providerId,
  providerId,
  subType: 'anonymous',
  config: {},
}));

/** Starts it on a free port. The admin is `admin`, with the password `admin`. */
export async function startFakeKeycloak(options: FakeAuthzOptions = {}): Promise<FakeKeycloak> {
  const realms = new Map<string, FakeRealm>();
  const authz = new Map<string, FakeAuthz>();
  let calls = 0;
  let cut: { readonly at: number; readonly when: 'before' | 'after' } | undefined;
  const changes: string[] = [];
  const changing: number[] = [];
  let forbidden: RegExp | undefined;

  function answer(method: string, url: URL, body: unknown): [number, unknown?, string?] {
    const path = url.pathname.replace(/\/$/, '');
    if (path.endsWith('/protocol/openid-connect/token')) return issue(body as URLSearchParams);
    if (path.endsWith('/protocol/openid-connect/auth')) return [200];
    if (path.endsWith('/token/introspect')) {
      const form = body as URLSearchParams;
      return [
        200,
        form.get('token') === 'none' ? { active: false } : { active: true, aud: form.get('client_id') },
      ];
    }
    const realmPath = /^\/realms\/([^/]+)$/.exec(path);
    if (path.endsWith('/.well-known/openid-configuration'))
      return [200, { client_id_metadata_document_supported: true }];
    if (realmPath)
      return realmPath[1] === 'master' || realms.has(realmPath[1] ?? '')
        ? [200, { realm: realmPath[1], 'token-service': '' }]
        : [404, { error: 'Realm does not exist' }];
    if (path.endsWith('/authz/protection/resource_set')) return [...fake.protection];
    if (forbidden?.test(path)) return [403, { error: 'HTTP 403 Forbidden' }];
    if (method !== 'GET' && !path.endsWith('/partial-export')) {
      changes.push(`${method} ${path.replace(/^\/admin\/realms/, '').replace(/[0-9a-f-]{36}/g, ':id')}`);
      changing.push(calls);
    }
    if (path === '/admin/realms' && method === 'POST') {
      const self = body as Record<string, unknown>;
      const lists = { clients: [], users: [], roles: [], groups: [], organizations: [] };
      const given = structuredClone({ 'client-scopes': [...SCOPES, ORGANIZATION], components: POLICIES });
      realms.set(String(self.realm), {
        self,
        lists: { ...lists, ...given },
        optional: [],
        providers: [],
        policies: {},
      });
      return [201, undefined, `/admin/realms/${self.realm}`];
    }
    if (path === '/admin/serverinfo')
      return fake.mapperTypes === undefined
        ? [403]
        : [200, { protocolMapperTypes: { 'openid-connect': fake.mapperTypes.map((id) => ({ id })) } }];
    if (path === '/admin/realms') return [200, [...realms.values()].map(({ self }) => self)];
    const [name = '', kind, id, sub] = path.split('/').slice(3).map(decodeURIComponent);
    const realm = realms.get(name);
    if (kind === 'authentication') return [200, fake.authenticators.map((one) => ({ id: one }))];
    if (realm === undefined) return [404, { error: 'Realm not found.' }];
    if (kind === undefined)
      return method === 'GET' ? [200, realm.self] : [204, void Object.assign(realm.self, body)];
    if (kind === 'partial-export') {
      const { lists } = realm;
      const is = (name: string) => url.searchParams.get(name) === 'true';
      const clients = lists.clients.map((one) => ({ ...one, secret: '**********' }));
      const scopes = { clientScopes: lists['client-scopes'] };
      const groups = { groups: lists.groups, roles: { realm: lists.roles, client: {} } };
      return [
        200,
        {
          ...{ ...realm.self, ...scopes },
          ...(is('exportClients') && { clients }),
          ...(is('exportGroupsAndRoles') && groups),
        },
      ];
    }
    if (kind === 'default-default-client-scopes') return [200, SCOPES];
    if (kind === 'default-optional-client-scopes') {
      if (method !== 'GET') realm.optional.push(nameOfScope(realm, id));
      return method === 'GET' ? [200, realm.optional.map((one) => ({ name: one }))] : [204];
    }
    if (kind === 'identity-provider') {
      if (method !== 'GET') realm.providers.push(body as Item);
      return method === 'GET' ? [200, realm.providers] : [201, undefined, '/made'];
    }
    if (kind === 'client-policies') {
      if (method !== 'GET') Object.assign(realm.policies, body);
      return [method === 'GET' ? 200 : 204, realm.policies];
    }
    if (kind === 'clear-realm-cache') {
      for (const one of authz.values()) one.clearCache();
      return [204];
    }
    if (kind === 'clients' && sub === 'authz') {
      const services = authz.get(id ?? '');
      const rest = path.split('/').slice(8).map(decodeURIComponent);
      return services?.answer(method, rest, url.searchParams, body as never) ?? [404, { error: 'off' }];
    }
    if (kind === 'organizations' && sub === 'groups') {
      const rest = path.split('/').slice(7).map(decodeURIComponent);
      return inGroups(
        realm.lists.organizations.find((one) => one.id === id) ?? assert.fail(),
        method,
        rest,
        body,
      );
    }
    if (kind === 'group-by-path')
      return find(realm.lists.groups, 'path', `/${path.split('/').slice(5).join('/')}`);
    if (kind === undefined || !Object.hasOwn(realm.lists, kind)) return [404, { error: 'not here' }];
    const last = path.split('/').at(-1) ?? '';
    return inList(realm, kind as keyof FakeRealm['lists'], method, url, body as Item, id, sub, last);
  }

  function inList(
    realm: FakeRealm,
    kind: keyof FakeRealm['lists'],
    method: string,
    url: URL,
    body: Item,
    id?: string,
    sub?: string,
    last = '',
  ): [number, unknown?, string?] {
    const list = realm.lists[kind];
    if (id === undefined && method === 'POST') {
      const key = kind === 'clients' ? 'clientId' : kind === 'users' ? 'username' : 'name';
      if (list.some((one) => one[key] === body[key])) return [409, { errorMessage: 'exists already' }];
      // As 26.7.3 does.
      const { rootUrl, adminUrl, redirectUris, attributes } = body;
      if (/[{}]/.test([rootUrl, adminUrl, redirectUris, ...Object.values(attributes ?? {})].join()))
        return [400, { error: 'invalid_input', error_description: 'Root URL is not a valid URL' }];
      const defaults =
        kind === 'clients'
          ? { defaultClientScopes: SCOPES.map(({ name }) => name), secret: 'made-by-keycloak' }
          : {};
      const item = { ...defaults, ...body, path: `/${body.name}`, id: randomUUID() };
      list.push(item);
      return [201, undefined, `/${item.id}`];
    }
    // The client whose roles are rights in the realm.
    if (kind === 'clients' && id === MANAGEMENT.id) return [200, { id: last, name: last }];
    if (id === undefined && url.searchParams.get('clientId') === MANAGEMENT.clientId)
      return [200, [MANAGEMENT]];
    if (id === undefined) {
      const wanted = url.searchParams.get('clientId') ?? url.searchParams.get('username');
      return [
        200,
        list.filter((one) => wanted === null || one.clientId === wanted || one.username === wanted),
      ];
    }
    const item = list.find((one) => one.id === id || one.name === id);
    if (item === undefined) return [404, { error: 'not found' }];
    if (sub === undefined && method === 'DELETE') return [204, void list.splice(list.indexOf(item), 1)];
    if (sub === undefined && method !== 'GET') {
      Object.assign(item, body);
      if (item.authorizationServicesEnabled && !authz.has(item.id))
        authz.set(item.id, new FakeAuthz(item, options));
      return [204];
    }
    if (sub === undefined) return [200, item];
    if (sub === 'service-account-user') return [200, accountOf(realm, String(item.clientId))];
    if (sub === 'client-secret') return [200, { type: 'secret', value: item.secret }];
    if (sub === 'members') {
      const members = (item.members ?? []) as string[];
      if (method !== 'GET') item.members = [...members, body];
      return method === 'GET' ? [200, members.map((one) => ({ id: one }))] : [201];
    }
    if (sub === 'credentials') return [200, item.credentials ?? []];
    if (sub === 'protocol-mappers') return inMappers(item, method, body);
    if (sub === 'optional-client-scopes' || sub === 'default-client-scopes') {
      const key = sub === 'optional-client-scopes' ? 'optionalClientScopes' : 'defaultClientScopes';
      item[key] = [...((item[key] ?? []) as string[]), nameOfScope(realm, last)];
      return [204];
    }
    // Roles of the realm, then of a client; and groups by their id. What is there is told as it was sent.
    if (kind === 'users' && (sub === 'role-mappings' || sub === 'groups') && method !== 'GET') {
      const given = (item.given ?? []) as string[];
      const group = realm.lists.groups.find((one) => one.id === last)?.path;
      item.given = [
        ...given,
        ...(sub === 'groups' ? [group] : (body as unknown as Item[]).map(({ name }) => name)),
      ];
      return [204];
    }
    if (last === 'composite') {
      return [200, ((item.given ?? []) as string[]).map((given) => ({ name: given }))];
    }
    if (sub === 'roles' && method === 'GET' && last !== 'roles') return [200, { id: last, name: last }];
    if (method === 'GET') return [200, sub === 'groups' ? (item.groups ?? []) : []];
    if (sub === 'roles') return [201, undefined, `/${body.name}`];
    if (sub !== 'children') return [204];
    const child = { ...body, path: `${item.path}/${body.name}`, id: randomUUID() };
    list.push(child);
    return [201, undefined, `/${child.id}`];
  }

  /** The groups of an organization, each with its roles and members. */
  function inGroups(
    organization: Item,
    method: string,
    [id, what, last = '']: readonly string[],
    body: unknown,
  ): [number, unknown?, string?] {
    organization.groups ??= [];
    const groups = organization.groups as Item[];
    if (id === undefined && method === 'GET') return [200, groups];
    const group = groups.find((one) => one.id === id);
    if (what === 'children' || id === undefined) {
      const { name } = body as Item;
      groups.push({ id: randomUUID(), name, path: `${group?.path ?? ''}/${name}`, roles: [], members: [] });
      return [201, undefined, `/${groups.at(-1)?.id}`];
    }
    const list = (what === 'members' ? group?.members : group?.roles) as unknown[];
    if (method === 'GET') return [200, what === 'members' ? list.map((one) => ({ id: one })) : list];
    list.push(...(what === 'members' ? [last] : (body as unknown[])));
    return [204];
  }

  /** All that are there, or one more; or another one in place of one. */
  function inMappers(client: Item, method: string, body: Item): [number, unknown?] {
    const mappers = (client.protocolMappers ?? []) as Item[];
    if (method === 'GET') return [200, mappers];
    if (method === 'PUT') {
      client.protocolMappers = mappers.map((one) => (one.id === body.id ? body : one));
      return [204];
    }
    client.protocolMappers = [...mappers, { ...body, id: randomUUID() }];
    return [201];
  }

  const inMemory: InMemory = ({ method, url, contentType, text }) => {
    const isForm = contentType.includes('urlencoded');
    const body = isForm ? new URLSearchParams(text) : text === '' ? {} : readBody(text);
    const isAdmin = url.pathname.startsWith('/admin/');
    if (isAdmin) calls++;
    const isCut = isAdmin && cut !== undefined && calls >= cut.at;
    // Of those after the one that was cut off, none is done.
    if (isCut && (cut?.when === 'before' || calls > (cut?.at ?? 0))) return undefined;
    const answered = answer(method, url, body);
    return isCut ? undefined : answered;
  };
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { method = 'GET', headers } = request;
    const url = new URL(request.url ?? '/', 'http://fake');
    const answered = inMemory({ method, url, contentType: headers['content-type'] ?? '', text });
    if (answered === undefined) return void request.socket.destroy();
    const [status, json, location] = answered;
    response.writeHead(status, { 'content-type': 'application/json', ...(location ? { location } : {}) });
    response.end(json === undefined ? undefined : JSON.stringify(json));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const forget = answerInMemory(origin, inMemory);
  const fake: FakeKeycloak = {
    url: origin,
    changes,
    realms,
    forbid(path) {
      forbidden = path;
    },
    authz,
    authenticators: ['client-secret', 'client-jwt', 'federated-jwt'],
    mapperTypes: undefined,
    calls: () => calls,
    changing,
    cut(after, when = 'before') {
      cut = after === undefined ? undefined : { at: calls + after, when };
    },
    protection: [200, []],
    close() {
      forget();
      server.close();
    },
  };
  return fake;
}

const MANAGEMENT = { id: 'management', clientId: 'realm-management' };

/** The service account of a client. */
function accountOf({ lists: { users } }: FakeRealm, serviceAccountOf: string): Item {
  const username = `service-account-${serviceAccountOf}`;
  const known = users.find((one) => one.username === username);
  if (known !== undefined) return known;
  const made = { id: randomUUID(), username, serviceAccountOf } as unknown as Item;
  users.push(made);
  return made;
}

function nameOfScope(realm: FakeRealm, id = ''): string {
  return String(realm.lists['client-scopes'].find((one) => one.id === id)?.name);
}

function find(list: readonly Item[], key: string, value: string): [number, unknown] {
  const item = list.find((one) => one[key] === value);
  return item === undefined ? [404, { error: 'not found' }] : [200, item];
}

function issue(form: URLSearchParams): [number, unknown] {
  const isAdmin = form.get('password') === 'admin' || form.get('grant_type') === 'client_credentials';
  if (!isAdmin) return [401, { error: 'invalid_grant', error_description: 'Invalid user credentials' }];
  const now = Math.floor(Date.now() / 1000);
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return [200, { access_token: `${part({})}.${part({ iat: now, exp: now + 60 })}.x`, expires_in: 60 }];
}

/** Some calls send a text alone. */
function readBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
