import assert from 'node:assert/strict';
import { once } from 'node:events';
import { globalAgent, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import express, { type RequestHandler } from 'express';
import { Keycloak } from '../../../packages/connect/src/index.ts';
import { keycloak as forExpress } from '../../../packages/guard/src/adapters/express/index.ts';
import { settingsOf } from '../../contract/permissions/settings.ts';
import { type AuthzRealm, createAuthzRealm } from '../support/authz-realm.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();
const Original = createRequire(import.meta.url)('keycloak-connect') as typeof Keycloak;
const UMA = 'urn:ietf:params:oauth:grant-type:uma-ticket';
const HOME = { place: ['home'] };
const OFFICE = {
  claim_token: Buffer.from(JSON.stringify({ place: ['office'] })).toString('base64url'),
  claim_token_format: 'urn:ietf:params:oauth:token-type:jwt',
};

/** What routes need; `office` has claims of the server's beside. */
const routesOf = (hyphenated: string) => ({
  view: ['orders#view'],
  both: ['orders#view', 'orders#delete'],
  two: ['orders#view', 'admin#view'],
  delete: ['orders#delete'],
  hyphen: [`${hyphenated}#delete`],
  office: ['office#view'],
  'office, without claims': ['office#view'],
});
type Route = keyof ReturnType<typeof routesOf>;

/** Who is attacked. */
const CONTENDERS = ['guard', 'connect', 'keycloak-connect'] as const;
type Contender = (typeof CONTENDERS)[number];

/** Statuses, in the order of the contenders. */
const ALL = (status: number) => [status, status, status];
/** `connect` believes a young one for thirty seconds, as an answer in memory is believed. */
const NOT_ASKED = 0;
/** What keycloak-connect lets in, and nothing here does. */
const THEIRS = (status = 403) => [status, status, 200];

const ATTACKS: readonly (readonly [string, Route, () => Promise<string>, number[]])[] = [
  ['nobody attacks: who may', 'view', () => lab.login('bob'), ALL(200)],
  ['nobody attacks: who may do both', 'both', () => lab.login('alice'), ALL(200)],
  ['one of two scopes', 'both', () => lab.login('bob'), ALL(403)],
  ['one of two resources', 'two', () => lab.login('bob'), THEIRS()],
  ['a scope that is refused', 'delete', () => lab.login('bob'), ALL(403)],
  ['a resource of their own under the name of another', 'delete', () => lab.login('dave'), THEIRS()],
  ['a resource of their own whose id is the name of another', 'hyphen', () => lab.login('dave'), THEIRS()],
  ['an RPT for a resource of their own of that name', 'delete', () => rpt('dave', 'orders#delete'), THEIRS()],
  [
    'an RPT of another API that has a resource of that name',
    'delete',
    () => rpt('bob', 'orders#delete', { audience: 'other' }),
    THEIRS(401),
  ],
  [
    'an RPT that claims of their own were pushed for',
    'office, without claims',
    () => rpt('bob', 'office#view', OFFICE),
    THEIRS(),
  ],
  ['the same, where the server has claims too', 'office', () => rpt('bob', 'office#view', OFFICE), THEIRS()],
  [
    'an RPT by a ticket of their own with claims',
    'office, without claims',
    () => rpt('dave', '', { ticket: own.get('ticket') as string }),
    THEIRS(),
  ],
  ['an RPT from before, refreshed', 'view', async () => own.get('refreshed') as string, THEIRS()],
  ['an RPT from before', 'view', async () => own.get('stale') as string, [403, NOT_ASKED, 200]],
];

let lab: AuthzRealm;
/** What attackers prepared. */
const own = new Map<string, string>();

async function answerOf(username: string, fields: Record<string, string>) {
  const headers = { authorization: `Bearer ${await lab.login(username)}` };
  const form = { grant_type: UMA, ...(fields.ticket ? {} : { audience: 'api' }), ...fields };
  const answer = await lab.token(form, headers);
  assert.ok(answer.access_token, JSON.stringify(answer));
  return answer as { access_token: string; refresh_token: string };
}

async function rpt(username: string, permission: string, more: Record<string, string> = {}): Promise<string> {
  return (await answerOf(username, { ...(permission === '' ? {} : { permission }), ...more })).access_token;
}

describe('who has no permission, at keycloak-guard and at keycloak-connect', () => {
  const servers: Server[] = [];
  const guards: { close(): Promise<void> }[] = [];
  const ports = new Map<Contender, number>();

  before(async () => {
    lab = await createAuthzRealm(keycloak);
    await prepare();
    for (const name of CONTENDERS) {
      const app = toApp(name).listen(0, '127.0.0.1');
      servers.push(app);
      await once(app, 'listening');
      ports.set(name, (app.address() as AddressInfo).port);
    }
  });
  after(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    // keycloak-connect does not read every answer to its end.
    globalAgent.destroy();
    await Promise.all(guards.map((guard) => guard.close()));
    await lab.close();
  });

  /** Each attacker does what they may. */
  async function prepare(): Promise<void> {
    await lab.admin('POST', '/clients', {
      ...{ clientId: 'other', secret: 'other-secret', serviceAccountsEnabled: true },
      ...{ authorizationServicesEnabled: true, authorizationSettings: toOpen(settingsOf('other-thing')) },
    });
    const dave = await lab.login('dave', 'api');
    for (const [name, id] of [
      ['orders', undefined],
      ['daves', lab.hyphenated],
    ] as const) {
      const body = { name, _id: id, resource_scopes: ['delete'], ownerManagedAccess: true };
      const made = await lab.protection('POST', 'resource_set', dave, body);
      const policy = { name: `${name} for dave`, scopes: ['delete'], users: ['dave'] };
      const shared = await lab.protection('POST', `uma-policy/${made._id}`, dave, policy);
      assert.ok((shared.status as number) < 300, JSON.stringify(shared));
    }
    const wanted = {
      resource_id: await lab.idOf('office'),
      resource_scopes: ['view'],
      claims: { place: ['office'] },
    };
    own.set('ticket', String((await lab.protection('POST', 'permission', dave, [wanted])).ticket));
  }

  function toApp(contender: Contender): express.Express {
    const app = express();
    const rules = Object.entries(routesOf(lab.hyphenated));
    const answer: RequestHandler = (_request, response) => void response.send('in');
    if (contender === 'connect' || contender === 'keycloak-connect') {
      const Constructor = contender === 'connect' ? Keycloak : Original;
      const config = {
        realm: lab.realm,
        'auth-server-url': keycloak.url,
        resource: 'api',
        'bearer-only': true,
      };
      const adapter = new Constructor({}, { ...config, credentials: { secret: 'api-secret' } });
      if (contender === 'connect') guards.push(adapter.grantManager.engine.verifier);
      app.use(adapter.middleware());
      for (const [name, rule] of rules) {
        const asked = rule.map((one) => one.replace('#', ':'));
        const options = name === 'office' ? { claims: () => HOME } : {};
        app.get(`/${encodeURIComponent(name)}`, adapter.enforcer(asked, options), answer);
      }
      return app;
    }
    const kc = forExpress({ serverUrl: keycloak.url, realm: lab.realm, clientId: 'api', onNotice: false });
    guards.push(kc);
    kc.permissions({ clientSecret: 'api-secret', permissionSeconds: 2 });
    for (const [name, rule] of rules) {
      const options = name === 'office' ? { claims: () => HOME } : {};
      app.get(`/${encodeURIComponent(name)}`, kc.guard(), kc.permit({ allOf: rule }, options), answer);
    }
    return app;
  }

  async function statusAt(contender: Contender, route: Route, token: string): Promise<number> {
    const url = `http://127.0.0.1:${ports.get(contender)}/${encodeURIComponent(route)}`;
    const headers = { authorization: `Bearer ${token}`, connection: 'close' };
    return (await fetch(url, { headers })).status;
  }

  for (const [title, route, attack, expected] of ATTACKS) {
    const isStale = title.includes('from before');
    test(`${title}: ${expected.join(', ')}`, async () => {
      if (isStale) await takeAway();
      const token = await attack();
      const seen: number[] = [];
      for (const [at, contender] of CONTENDERS.entries()) {
        seen.push(expected[at] === NOT_ASKED ? NOT_ASKED : await statusAt(contender, route, token));
      }
      if (isStale) await lab.applyPolicy('orders for members', 'is member');
      assert.deepEqual(seen, expected);
    });
  }

  /** The permission is taken away, and what the attacker has was issued before. */
  async function takeAway(): Promise<void> {
    const answer = await answerOf('bob', { permission: 'orders#view' });
    await lab.applyPolicy('orders for members', 'only alice');
    const client = { client_id: 'web', client_secret: 'web-secret' };
    const { refresh_token } = answer;
    const refreshed = await lab.token({ grant_type: 'refresh_token', refresh_token, ...client });
    own.set('stale', answer.access_token);
    own.set('refreshed', refreshed.access_token as string);
    await new Promise((resolve) => setTimeout(resolve, 3_100));
  }
});

/** Everybody may do everything there. */
function toOpen(settings: ReturnType<typeof settingsOf>): object {
  return { ...settings, policyEnforcementMode: 'PERMISSIVE', policies: [] };
}
