import { createPermissions, type PermissionsOptions } from '../../packages/guard/src/authz/index.ts';
import type { VerifierOptions } from '../../packages/guard/src/core/index.ts';
import { claimsOf, createTestRealm, type TestRealm } from '../support/test-realm.ts';

export const ALICE = '0b5ad5d4-6f0e-4a3c-9d61-1f0c8a4be001';
export const BOB = '5f1d3d52-44a5-4c5c-8d1a-2f7a1f3c0002';
export const CLIENT_UUID = 'c11e0000-0000-4000-8000-000000000001';
export const SECRET = 'api-secret';

export interface FakeResource {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly scopes: readonly string[];
  readonly uris?: readonly string[];
  readonly isOwnerManaged?: boolean;
}

interface Ticket {
  readonly id: string;
  readonly resource: string;
  readonly requester: string;
  readonly scopeName: string;
  granted: boolean;
}

/** As measured on Keycloak 26.7.3: an answer, or one of the ways in which a network fails. */
type Reply = Response | 'down' | 'hung';

export interface FakeKeycloak {
  readonly realm: TestRealm;
  readonly fetch: typeof fetch;
  readonly resources: FakeResource[];
  /** `subject id#scope`, or `subject id` for a resource without scopes. */
  readonly grants: Set<string>;
  /** Tokens that Keycloak takes no more. */
  readonly ended: Set<string>;
  readonly tickets: Ticket[];
  /** The forms that came to the token endpoint, with `authorization` beside. */
  readonly questions: { form: URLSearchParams; authorization: string | null }[];
  readonly protectionCalls: string[];
  /** Answers in place of the token endpoint; `undefined`: nothing is replaced. */
  replace: ((form: URLSearchParams) => Reply | undefined) | undefined;
  replaceProtection: ((method: string, path: string) => Reply | undefined) | undefined;
  permissions(
    options?: Partial<PermissionsOptions>,
    verifier?: Partial<VerifierOptions>,
  ): ReturnType<typeof createPermissions>;
  /** A token of a user. */
  tokenOf(subject: string, changes?: Record<string, unknown>): string;
}

const UMA = 'urn:ietf:params:oauth:grant-type:uma-ticket';
const json = (status: number, body: unknown) => Response.json(body, { status });
export const oauthError = (status: number, error: string, error_description?: string) =>
  json(status, { error, ...(error_description === undefined ? {} : { error_description }) });

/** A realm in memory whose client `my-api` has the authorization services, with their answers word for word. */
export function createFakeKeycloak(options: Parameters<typeof createTestRealm>[0] = {}): FakeKeycloak {
  const realm = createTestRealm(options);
  const base = `${realm.serverUrl}/realms/${realm.realm}`;
  let tickets = 0;

  const self: FakeKeycloak = {
    realm,
    fetch: (input, init) => fetchFake(input as string, init),
    resources: [
      {
        id: 'aaaaaaaa-0000-4000-8000-000000000001',
        name: 'orders',
        owner: CLIENT_UUID,
        scopes: ['view', 'edit', 'delete'],
        uris: ['/orders', '/orders/*'],
      },
      {
        id: 'aaaaaaaa-0000-4000-8000-000000000002',
        name: 'reports',
        owner: CLIENT_UUID,
        scopes: ['view'],
        uris: ['/reports/*'],
      },
      {
        id: 'aaaaaaaa-0000-4000-8000-000000000003',
        name: 'no scopes',
        owner: CLIENT_UUID,
        scopes: [],
        uris: ['/no-scopes'],
      },
      {
        id: 'aaaaaaaa-0000-4000-8000-000000000004',
        name: 'admin',
        owner: CLIENT_UUID,
        scopes: ['view'],
        uris: ['/admin'],
      },
      {
        id: 'aaaaaaaa-0000-4000-8000-000000000005',
        name: 'album',
        owner: ALICE,
        scopes: ['view', 'delete'],
        isOwnerManaged: true,
      },
    ],
    grants: new Set(),
    ended: new Set(),
    tickets: [],
    questions: [],
    protectionCalls: [],
    replace: undefined,
    replaceProtection: undefined,
    permissions: (options = {}, verifier = {}) =>
      createPermissions({
        verifier: realm.verifier({ tokenCheck: 'local', ...verifier }),
        clientSecret: SECRET,
        fetch: fetchFake,
        ...options,
      }),
    tokenOf: (subject, changes = {}) => realm.mint({ sub: subject, ...changes }),
  };

  async function send(reply: Reply, signal: AbortSignal | null | undefined): Promise<Response> {
    if (reply === 'down') throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } });
    if (reply !== 'hung') return reply;
    const alive = setInterval(() => {}, 1_000);
    return new Promise<Response>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    }).finally(() => clearInterval(alive));
  }

  const fetchFake = (async (input: string | URL, init: RequestInit = {}) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    if (request.url === `${base}/protocol/openid-connect/token`) {
      const form = new URLSearchParams(await request.text());
      const replaced = self.replace?.(form);
      if (form.get('grant_type') === UMA) {
        self.questions.push({ form, authorization: request.headers.get('authorization') });
      }
      return send(replaced ?? answerToken(form, request.headers.get('authorization')), init.signal);
    }
    const path = request.url.startsWith(`${base}/authz/protection/`)
      ? url.pathname.slice(url.pathname.indexOf('/protection/') + '/protection/'.length)
      : undefined;
    if (path === undefined) return realm.fetch(input, init);
    self.protectionCalls.push(`${request.method} ${path}${url.search}`);
    const replaced = self.replaceProtection?.(request.method, path);
    const body = request.method === 'POST' || request.method === 'PUT' ? await request.json() : undefined;
    const isOurs = request.headers.get('authorization') === 'Bearer pat';
    return send(
      replaced ??
        (isOurs
          ? answerProtection(request.method, path, url.searchParams, body)
          : oauthError(403, 'invalid_bearer_token', 'Could not obtain bearer access_token from request.')),
      init.signal,
    );
  }) as typeof fetch;

  function answerToken(form: URLSearchParams, authorization: string | null): Response {
    const isClient = form.get('client_id') === realm.clientId && form.get('client_secret') === SECRET;
    if (form.get('grant_type') === 'client_credentials') {
      return isClient
        ? json(200, { access_token: 'pat', expires_in: 300, token_type: 'Bearer' })
        : oauthError(401, 'unauthorized_client', 'Invalid client or Invalid client credentials');
    }
    let token = authorization?.replace(/^Bearer /, '');
    if (token === undefined) {
      if (!isClient)
        return oauthError(401, 'unauthorized_client', 'Invalid client or Invalid client credentials');
      token = form.get('subject_token') ?? '';
      if (!isGood(token)) return oauthError(400, 'unauthorized_client', 'Invalid identity');
    } else if (!isGood(token)) return oauthError(400, 'invalid_grant', 'Invalid bearer token');
    else if (form.has('claim_token') && claimsOf(token).azp === 'spa') {
      return oauthError(403, 'invalid_grant', 'Public clients are not allowed to send claims');
    }
    if (form.has('ticket')) return answerTicket(form, token);
    if (form.get('audience') !== realm.clientId) {
      return oauthError(400, 'invalid_request', `Unknown resource server id: [${form.get('audience')}]`);
    }
    return answerQuestion(form.getAll('permission'), String(claimsOf(token).sub), form.get('response_mode'));
  }

  function isGood(token: string): boolean {
    return !self.ended.has(token) && token.split('.').length === 3 && claimsOf(token).cnf === undefined;
  }

  function answerQuestion(asked: string[], subject: string, mode: string | null): Response {
    const wanted = new Map<FakeResource, string[]>();
    const known = new Set(self.resources.flatMap(({ scopes }) => scopes));
    const wrong = asked.flatMap((one) => {
      const scopes = one.split('#')[1]?.split(',') ?? [];
      return scopes.length > 0 && !scopes.some((scope) => known.has(scope)) ? scopes : [];
    });
    if (wrong.length > 0) {
      return oauthError(400, 'invalid_scope', `One of the given scopes [${wrong.join(', ')}] is invalid`);
    }
    if (asked.length === 0) for (const one of self.resources) wanted.set(one, [...one.scopes]);
    for (const one of asked) {
      const [name = '', scopes] = one.split('#');
      const all = scopes?.split(',');
      for (const resource of resolve(name, subject)) {
        const mine = all?.filter((scope) => resource.scopes.includes(scope)) ?? [...resource.scopes];
        if (all === undefined || mine.length > 0)
          wanted.set(resource, [...(wanted.get(resource) ?? []), ...mine]);
      }
    }
    if (wanted.size === 0) {
      const [name] = (asked[0] ?? '').split('#');
      return oauthError(400, 'invalid_resource', `Resource with id [${name}] does not exist.`);
    }
    const granted = [...wanted].flatMap(([resource, scopes]) => {
      const mine = scopes.filter((scope) => self.grants.has(`${subject} ${resource.id}#${scope}`));
      const isWhole = resource.scopes.length === 0 && self.grants.has(`${subject} ${resource.id}`);
      const entry = { rsid: resource.id, rsname: resource.name };
      return mine.length > 0 ? [{ ...entry, scopes: mine }] : isWhole ? [entry] : [];
    });
    if (granted.length === 0) return oauthError(403, 'access_denied', 'not_authorized');
    return json(200, mode === 'permissions' ? granted : { result: true });
  }

  /** By id where there is a hyphen, else by name: the server's own, and the caller's. */
  function resolve(name: string, subject: string): FakeResource[] {
    const byId = name.includes('-') ? self.resources.find(({ id }) => id === name) : undefined;
    if (byId !== undefined) return [byId];
    return self.resources.filter((one) => one.name === name && [CLIENT_UUID, subject].includes(one.owner));
  }

  function answerTicket(form: URLSearchParams, token: string): Response {
    const wanted = JSON.parse(Buffer.from(form.get('ticket') ?? '', 'base64url').toString()) as {
      resource_id: string;
      resource_scopes: string[];
    }[];
    const requester = String(claimsOf(token).sub);
    const asked = wanted.map((one) => `${one.resource_id}#${one.resource_scopes.join(',')}`);
    const answer = answerQuestion(asked, requester, null);
    if (answer.status !== 403) return answer;
    if (form.get('submit_request') === 'false') return oauthError(403, 'access_denied', 'not_authorized');
    for (const { resource_id: resource, resource_scopes: scopes } of wanted) {
      for (const scopeName of scopes) addTicket(resource, requester, scopeName, false);
    }
    return oauthError(403, 'access_denied', 'request_submitted');
  }

  function addTicket(resource: string, requester: string, scopeName: string, granted: boolean): Ticket {
    const ticket = { id: `t-${++tickets}`, resource, requester, scopeName, granted };
    self.tickets.push(ticket);
    if (granted) self.grants.add(`${requester} ${resource}#${scopeName}`);
    return ticket;
  }

  function answerProtection(method: string, path: string, query: URLSearchParams, body: unknown): Response {
    if (path === 'permission' && method === 'POST') {
      const wanted = Buffer.from(JSON.stringify(body)).toString('base64url');
      return json(201, { ticket: wanted });
    }
    const [kind, of, id] = path.split('/').map(decodeURIComponent);
    if (kind === 'resource_set') {
      if (of === undefined) return json(200, listResources(query));
      const found = self.resources.find((one) => one.id === of);
      return found === undefined
        ? json(404, { error: 'HTTP 404 Not Found' })
        : json(200, toSessionRequest(found));
    }
    if (kind !== 'permission' || of !== 'ticket') return json(404, { error: 'HTTP 404 Not Found' });
    if (method === 'GET') return json(200, listTickets(query));
    if (method === 'POST') {
      const { resource, requesterName, requester, scopeName } = body as Record<string, string | undefined>;
      const who = requester ?? idOfName(requesterName ?? '');
      return json(200, toTicketWire(addTicket(resource ?? '', who, scopeName ?? '', true)));
    }
    const ticketId = id ?? (body as { id: string }).id;
    const at = self.tickets.findIndex((one) => one.id === ticketId);
    const ticket = self.tickets[at];
    if (ticket === undefined) return json(404, { error: 'HTTP 404 Not Found' });
    const grant = `${ticket.requester} ${ticket.resource}#${ticket.scopeName}`;
    if (method === 'DELETE') {
      self.tickets.splice(at, 1);
      self.grants.delete(grant);
    } else {
      ticket.granted = (body as { granted: boolean }).granted;
      if (ticket.granted) self.grants.add(grant);
    }
    return new Response(null, { status: 204 });
  }

  function listResources(query: URLSearchParams): unknown[] {
    const [name, owner] = [query.get('name'), query.get('owner')];
    const first = Number(query.get('first') ?? 0);
    const end = first + Number(query.get('max') ?? 100);
    const ownerId = owner === realm.clientId ? CLIENT_UUID : owner;
    const found = self.resources
      .filter((one) => name === null || one.name.toLowerCase() === name.toLowerCase())
      .filter((one) => owner === null || one.owner === ownerId)
      .slice(first, end);
    return query.get('deep') === 'true' ? found.map(toSessionRequest) : found.map(({ id }) => id);
  }

  function listTickets(query: URLSearchParams): unknown[] {
    return self.tickets
      .filter((one) => !query.has('resourceId') || one.resource === query.get('resourceId'))
      .filter((one) => !query.has('requester') || one.requester === query.get('requester'))
      .filter((one) => !query.has('granted') || String(one.granted) === query.get('granted'))
      .filter((one) => !query.has('owner') || ownerOf(one.resource) === query.get('owner'))
      .slice(
        Number(query.get('first') ?? 0),
        Number(query.get('first') ?? 0) + Number(query.get('max') ?? 100),
      )
      .map(toTicketWire);
  }

  const ownerOf = (resource: string) => self.resources.find(({ id }) => id === resource)?.owner;
  const idOfName = (name: string) => (name === 'bob' ? BOB : ALICE);
  const toTicketWire = ({ id, resource, requester, scopeName, granted }: Ticket) => ({
    ...{ id, owner: ownerOf(resource), resource, scope: `scope-${scopeName}`, granted, requester, scopeName },
    resourceName: self.resources.find((one) => one.id === resource)?.name,
    ...{ ownerName: 'alice', requesterName: requester === BOB ? 'bob' : 'alice' },
  });

  const toSessionRequest = ({
    id,
    name,
    owner,
    scopes,
    uris = [],
    isOwnerManaged = false,
  }: FakeResource) => ({
    ...{ _id: id, name, uris, ownerManagedAccess: isOwnerManaged, attributes: {} },
    owner: { id: owner, ...(owner === CLIENT_UUID ? { name: realm.clientId } : {}) },
    scopes: scopes.map((scope) => ({ id: `scope-${scope}`, name: scope })),
  });

  return self;
}

/** Grants by name. */
export function grant(fake: FakeKeycloak, subject: string, ...permissions: string[]): void {
  for (const permission of permissions) {
    const [name, scope] = permission.split('#');
    const resource = fake.resources.find((one) => one.name === name);
    fake.grants.add(`${subject} ${resource?.id}${scope === undefined ? '' : `#${scope}`}`);
  }
}
