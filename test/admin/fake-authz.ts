import { randomUUID } from 'node:crypto';

type Thing = Record<string, unknown> & { id: string; name: string };
type Answer = [status: number, json?: unknown];

/** How this Keycloak differs from the newest one. */
export interface FakeAuthzOptions {
  /** Up to Keycloak 26.4: three things that let everybody in come with it. */
  readonly withDefaults?: boolean;
}

const CONFIG_NAMES: Readonly<Record<string, string>> = {
  policies: 'applyPolicies',
  resourceType: 'defaultResourceType',
  notBefore: 'nbf',
  notOnOrAfter: 'noa',
};
const PLAIN = ['id', 'name', 'type', 'logic', 'decisionStrategy', 'description'];

/** The authorization services of one client, as Keycloak's Admin API shows them: with the cache that an import goes past. */
export class FakeAuthz {
  readonly switches: Record<string, unknown> = {
    policyEnforcementMode: 'ENFORCING',
    decisionStrategy: 'UNANIMOUS',
    allowRemoteResourceManagement: true,
  };
  readonly lists: Record<'scope' | 'resource' | 'policy', Map<string, Thing>> = {
    scope: new Map(),
    resource: new Map(),
    policy: new Map(),
  };
  /** What it says of every permission that it is asked to evaluate. */
  evaluation: object = { results: [] };
  /** Resources that were read, as they were then. */
  readonly #read = new Map<string, Thing>();
  readonly #owner: { id: string; name: string };

  constructor(client: { id: string; clientId?: unknown }, { withDefaults = false }: FakeAuthzOptions = {}) {
    this.#owner = { id: client.id, name: String(client.clientId) };
    if (!withDefaults) return;
    const type = `urn:${client.clientId}:resources:default`;
    this.#put('resource', { name: 'Default Resource', uris: ['/*'], type, scopes: [] });
    this.#put('policy', { name: 'Default Policy', type: 'js', config: { code: '$evaluation.grant();' } });
    const config = { defaultResourceType: type, applyPolicies: '["Default Policy"]' };
    this.#put('policy', { name: 'Default Permission', type: 'resource', config });
  }

  clearCache(): void {
    this.#read.clear();
  }

  /** @param path below `resource-server` */
  answer(method: string, path: readonly string[], query: URLSearchParams, body: Thing): Answer {
    const [kind, second, third] = path;
    if (kind === undefined)
      return method === 'GET' ? [200, this.switches] : [204, void Object.assign(this.switches, body)];
    if (kind === 'settings') return [200, this.#settings()];
    if (second === 'evaluate') return [200, this.evaluation];
    if (kind === 'import') return this.#import(body as never);
    const list = kind === 'permission' ? 'policy' : (kind as keyof FakeAuthz['lists']);
    if (method === 'GET') return [200, this.#list(list, query)];
    const isTyped = list === 'policy' && method !== 'DELETE';
    const id = isTyped ? third : second;
    if (method === 'DELETE') return this.lists[list].delete(id ?? '') ? [204] : [404, { error: 'not found' }];
    if (id !== undefined && !this.lists[list].has(id)) return [404, { error: 'not found' }];
    if (id === undefined && this.#byName(list, body.name)) return [409, { error: 'exists already' }];
    this.#read.delete(id ?? '');
    const wanted = isTyped ? this.#toSettings({ ...body, type: second ?? '' }) : body;
    return [id === undefined ? 201 : 204, this.#shown(list, this.#put(list, { ...wanted, id }))];
  }

  #byName(list: keyof FakeAuthz['lists'], name: unknown): Thing | undefined {
    return [...this.lists[list].values()].find((one) => one.name === name);
  }

  #put(list: keyof FakeAuthz['lists'], { id, ...thing }: Record<string, unknown>): Thing {
    const made = { ...thing, id: (id as string | undefined) ?? randomUUID() } as Thing;
    if (list === 'resource') {
      delete made._id;
      const names = ((thing.scopes ?? []) as { name: string }[]).map(({ name }) => name);
      for (const name of names) if (!this.#byName('scope', name)) this.#put('scope', { name });
      made.scopes = names.map((name) => ({ name }));
    }
    this.lists[list].set(made.id, made);
    return made;
  }

  /** One of the endpoints by type takes ids and members; settings have names, and lists as texts. */
  #toSettings(body: Record<string, unknown>): Record<string, unknown> {
    const nameOf = (list: keyof FakeAuthz['lists'], id: string) => this.lists[list].get(id)?.name ?? id;
    const named: Record<string, unknown> = { ...body };
    for (const [member, list] of [
      ['resources', 'resource'],
      ['scopes', 'scope'],
      ['policies', 'policy'],
    ] as const)
      if (Array.isArray(body[member])) named[member] = body[member].map((id: string) => nameOf(list, id));
    const about = Object.entries(named).filter(([name]) => PLAIN.includes(name));
    const config = Object.entries(named).flatMap(([name, value]) =>
      PLAIN.includes(name) || (Array.isArray(value) && value.length === 0)
        ? []
        : [[CONFIG_NAMES[name] ?? name, typeof value === 'object' ? JSON.stringify(value) : String(value)]],
    );
    return { ...Object.fromEntries(about), config: Object.fromEntries(config) };
  }

  #import(
    body: Record<string, unknown> & Partial<Record<'scopes' | 'resources' | 'policies', Thing[]>>,
  ): Answer {
    const { policyEnforcementMode = 'ENFORCING', decisionStrategy = 'UNANIMOUS' } = body;
    const { allowRemoteResourceManagement = true } = body;
    Object.assign(this.switches, { policyEnforcementMode, decisionStrategy, allowRemoteResourceManagement });
    for (const [member, list] of [
      ['scopes', 'scope'],
      ['resources', 'resource'],
      ['policies', 'policy'],
    ] as const)
      for (const one of body[member] ?? []) {
        const given = one._id as string | undefined;
        const there = this.lists[list].get(given ?? '') ?? this.#byName(list, one.name);
        // By its id Keycloak finds it in its cache, and keeps that right.
        if (given !== undefined) this.#read.delete(given);
        this.#put(list, { ...one, id: there?.id ?? given });
      }
    return [204];
  }

  #settings(): object {
    const bare = (list: keyof FakeAuthz['lists']) =>
      [...this.lists[list].values()].map(({ id: _, ...one }) => one);
    const resources = this.#list('resource', new URLSearchParams()).map(({ _id, owner: _, ...one }) => one);
    return { ...this.switches, scopes: bare('scope'), resources, policies: bare('policy') };
  }

  /** A search looks into the database; what is shown of what it finds comes out of the cache. */
  #list(list: keyof FakeAuthz['lists'], query: URLSearchParams): Record<string, unknown>[] {
    const [scope, type, uri] = ['scope', 'type', 'uri'].map((name) => query.get(name));
    const found = [...this.lists[list].values()].filter(
      (one) =>
        (!scope || (one.scopes as { name: string }[]).some(({ name }) => name.includes(scope))) &&
        (!type || String(one.type ?? '').includes(type)) &&
        (!uri || ((one.uris ?? []) as string[]).includes(uri)),
    );
    return found.map((one) => this.#shown(list, one));
  }

  #shown(list: keyof FakeAuthz['lists'], thing: Thing): Record<string, unknown> {
    if (list !== 'resource') return thing;
    const seen = this.#read.get(thing.id) ?? structuredClone(thing);
    this.#read.set(thing.id, seen);
    const { id, ...rest } = seen;
    return { ...rest, _id: id, owner: this.#owner };
  }
}
