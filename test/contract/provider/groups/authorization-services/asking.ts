import type { Behaviours } from '../../scene.ts';
import { type AskFields, assertAll, createAsker, tell } from './ask.ts';
import { withAuthorization } from './realm.ts';

const NO = '403 access_denied: not_authorized';
const MISSING = (name: string) => `400 invalid_resource: Resource with id [${name}] does not exist.`;
const encode = (claims: unknown) => Buffer.from(JSON.stringify(claims)).toString('base64url');
const JWT = 'urn:ietf:params:oauth:token-type:jwt';

export const askingGroup: Behaviours = {
  'what is asked by name, and the answer': (scene) =>
    scene.withRealm(withAuthorization(), async (caller) => {
      const { login, grants, idOf, own } = createAsker(caller);
      const [alice, bob, dave] = await Promise.all(
        ['alice', 'bob', 'dave'].map(async (name) => (await login(name)).access_token),
      );
      const ask =
        (token: string | undefined, ...permission: string[]) =>
        () =>
          grants(token ?? '', ...permission);
      await assertAll({
        'one scope': [ask(bob, 'orders#view'), 'orders#view'],
        'one that is refused': [ask(bob, 'orders#edit'), NO],
        'two scopes, one granted': [ask(bob, 'orders#view,edit'), 'orders#view'],
        'two resources, one granted': [ask(bob, 'orders#view', 'admin#view'), 'orders#view'],
        'two scopes, both granted': [ask(alice, 'orders#view,delete'), 'orders#delete,view'],
        'the same resource twice': [ask(alice, 'orders#view', 'orders#edit'), 'orders#edit,view'],
        'somebody without the role': [ask(dave, 'orders#view'), NO],
        'a scope that is known nowhere': [
          ask(bob, 'orders#nope'),
          '400 invalid_scope: One of the given scopes [nope] is invalid',
        ],
        'one that is known nowhere, beside another': [ask(bob, 'orders#view,nope'), 'orders#view'],
        "another resource's scope": [ask(alice, 'reports#delete'), MISSING('reports')],
        "another resource's scope, beside its own": [ask(alice, 'reports#view,delete'), 'reports#view'],
        'a scope of a resource without scopes': [ask(bob, 'no scopes#view'), MISSING('no scopes')],
        'a resource that does not exist': [ask(bob, 'nope#view'), MISSING('nope')],
        'one that does not exist, after another': [ask(bob, 'orders#view', 'nope#view'), 'orders#view'],
        'one that does not exist, before another': [ask(bob, 'nope#view', 'orders#view'), MISSING('nope')],
        'a name in capitals': [ask(bob, 'ORDERS#view'), MISSING('ORDERS')],
        'an id that does not exist': [ask(bob, 'no-such#view'), MISSING('no-such')],
        'by its id': [async () => grants(bob ?? '', `${await idOf('orders')}#view`), 'orders#view'],
        'a whole resource': [ask(bob, 'orders'), 'orders#view'],
        'a hash and nothing behind it': [ask(bob, 'orders#'), 'orders#view'],
        'a hash alone': [ask(bob, '#'), '500 unknown_error: For more on this error consult the server log.'],
        'nothing in the field': [ask(bob, ''), NO],
        'a second hash': [ask(bob, 'orders#view#edit'), 'orders#view'],
        'commas at the end': [ask(bob, 'orders#view,,'), 'orders#view'],
        'a scope of any resource': [ask(bob, '#view'), 'order lines#view; orders#view'],
        'a scope of no resource': [ask(bob, '#lonely'), NO],
        'a resource without scopes': [ask(bob, 'no scopes'), 'no scopes'],
        'a resource that no permission is about': [ask(alice, 'unprotected#view'), NO],
        everything: [ask(bob), 'no scopes; order lines#view; orders#view'],
        'a type': [ask(bob, 'resource-type:order#view'), 'order lines#view; orders#view'],
        'a type that does not exist': [ask(bob, 'resource-type:nope#view'), NO],
        'any of a type': [ask(alice, 'resource-type-any:album'), NO],
        'what users own of a type': [ask(alice, 'resource-type-instance:album#view'), NO],
        'what the caller owns of a type': [ask(alice, 'resource-type-owner:album#view'), NO],
        'what the caller owns': [ask(alice, 'album#view'), NO],
        'what somebody else owns, by its name': [ask(bob, 'album#view'), MISSING('album')],
        "the client's own account": [async () => grants(await own(), 'orders#view'), NO],
        "the client's own account, what does not exist": [async () => grants(await own(), 'nope#view'), NO],
        "another client's account": [async () => grants(await own('svc'), 'nope#view'), MISSING('nope')],
      });
    }),
  'how it is asked, and by whom': (scene) =>
    scene.withRealm(withAuthorization(), async (caller) => {
      const { login, ask, own } = createAsker(caller);
      const bob = await login('bob');
      const spa = (await login('bob', 'spa')).access_token;
      const light = (await login('bob', 'light')).access_token;
      const [api, web] = ['api', 'web'].map((id) => ({ client_id: id, client_secret: `${id}-secret` }));
      const VIEW = { audience: 'api', permission: 'orders#view', response_mode: 'permissions' };
      const at = (token: string | undefined, fields: AskFields) => async () => tell(await ask(token, fields));
      const bearer = bob.access_token;
      await assertAll({
        'a decision': [at(bearer, { ...VIEW, response_mode: 'decision' }), 'granted'],
        'a decision on part of it': [
          at(bearer, { ...VIEW, permission: 'orders#view,edit', response_mode: 'decision' }),
          'granted',
        ],
        'a mode that is not known': [
          at(bearer, { ...VIEW, response_mode: 'x' }),
          '400 invalid_request: Invalid response_mode',
        ],
        'a mode that is not known, refused': [
          at(bearer, { ...VIEW, permission: 'orders#edit', response_mode: 'x' }),
          NO,
        ],
        'for nobody': [
          at(bearer, { permission: 'orders#view' }),
          '400 invalid_request: You must provide the issuedFor',
        ],
        'for a client that does not exist': [
          at(bearer, { ...VIEW, audience: 'nope' }),
          '400 invalid_request: Unknown resource server id: [nope]',
        ],
        'for a client without authorization services': [
          at(bearer, { ...VIEW, audience: 'web' }),
          '400 invalid_request: Client does not support permissions',
        ],
        'without names of resources': [
          async () =>
            tell(await ask(bearer, { ...VIEW, response_include_resource_name: 'false' })).replace(
              /^[0-9a-f-]{36}/,
              'an id',
            ),
          'an id#view',
        ],
        'more scopes in the form': [
          at(bearer, { ...VIEW, permission: 'order lines', scope: 'view' }),
          'order lines#view',
        ],
        'a scope in the form that is known nowhere': [
          at(bearer, { ...VIEW, permission: 'orders', scope: 'openid' }),
          '400 invalid_scope: One of the given scopes [openid] is invalid',
        ],
        "by a public client's token": [at(spa, VIEW), 'orders#view'],
        'by a lightweight token': [at(light, VIEW), 'orders#view'],
        'by a bearer token, with a wrong secret beside it': [
          at(bearer, { ...VIEW, client_id: 'api', client_secret: 'x' }),
          'orders#view',
        ],
        'by what is no token': [at('x', VIEW), '400 invalid_grant: Invalid bearer token'],
        'by an ID token': [at(bob.id_token, VIEW), '400 invalid_grant: Invalid bearer token'],
        'by a refresh token': [at(bob.refresh_token, VIEW), '400 invalid_grant: Invalid bearer token'],
        'by nobody': [
          at(undefined, VIEW),
          '401 invalid_client: Invalid client or Invalid client credentials',
        ],
        'by a client with a wrong secret': [
          at(undefined, { ...VIEW, client_id: 'api', client_secret: 'x' }),
          '401 unauthorized_client: Invalid client or Invalid client credentials',
        ],
        'by a public client itself': [
          at(undefined, { ...VIEW, client_id: 'spa' }),
          '401 unauthorized_client: Public client not allowed to retrieve service account',
        ],
        'by a client without an account': [
          at(undefined, { ...VIEW, ...web }),
          '401 unauthorized_client: Client not enabled to retrieve service account',
        ],
        'by the client itself': [at(undefined, { ...VIEW, ...api }), NO],
        "by the client, about a user's token": [
          at(undefined, { ...VIEW, ...api, subject_token: bearer }),
          'orders#view',
        ],
        "by the client, about a public client's token": [
          at(undefined, { ...VIEW, ...api, subject_token: spa }),
          'orders#view',
        ],
        'by the client, about what is no token': [
          at(undefined, { ...VIEW, ...api, subject_token: 'x' }),
          '400 unauthorized_client: Invalid identity',
        ],
        "by the client, about its own account's token": [
          async () => tell(await ask(undefined, { ...VIEW, ...api, subject_token: await own() })),
          NO,
        ],
        'by a page of the client': [
          async () => tell(await ask(bearer, VIEW, { origin: 'http://localhost:5000' })),
          'orders#view',
        ],
        'by a page of somebody else': [
          async () => tell(await ask(bearer, VIEW, { origin: 'http://localhost:5001' })),
          '403 Invalid origin',
        ],
        'by a page of somebody else, with what is no token': [
          async () => tell(await ask('x', VIEW, { origin: 'http://localhost:5001' })),
          '400 invalid_grant: Invalid bearer token',
        ],
        'with an RPT before it that nobody signed': [
          at(bearer, { ...VIEW, rpt: 'x' }),
          '403 invalid_rpt: RPT signature is invalid',
        ],
      });
    }),
  'claims that are pushed': (scene) =>
    scene.withRealm(withAuthorization(), async (caller) => {
      const { login, ask } = createAsker(caller);
      const bob = await login('bob');
      const spa = (await login('bob', 'spa')).access_token;
      const api = { client_id: 'api', client_secret: 'api-secret' };
      const OFFICE = { audience: 'api', permission: 'office#view', response_mode: 'permissions' };
      const at = (token: string | undefined, fields: AskFields) => async () =>
        tell(await ask(token, { ...OFFICE, ...fields }));
      const push = (claims: unknown) => ({ claim_token: encode(claims), claim_token_format: JWT });
      const bearer = bob.access_token;
      await assertAll({
        none: [at(bearer, {}), NO],
        'one that is wanted': [at(bearer, push({ place: ['office'] })), 'office#view {"place":["office"]}'],
        'two values, of which the first is looked at': [at(bearer, push({ place: ['home', 'office'] })), NO],
        'another value': [at(bearer, push({ place: ['home'] })), NO],
        'part of the value': [at(bearer, push({ place: ['my office'] })), NO],
        "names of Keycloak's own": [
          at(bearer, { ...push({ place: ['office'], 'kc.client.id': ['api'] }) }),
          'office#view {"place":["office"]}',
        ],
        'no list': [
          at(bearer, push({ place: 'office' })),
          '500 server_error: Unexpected error while evaluating permissions',
        ],
        'no object': [at(bearer, push(['office'])), '400 invalid_request: Invalid claims'],
        'no JSON': [
          at(bearer, { claim_token: 'eA', claim_token_format: JWT }),
          '400 invalid_request: Invalid claims',
        ],
        'a format that is not known': [
          at(bearer, { claim_token: encode({}), claim_token_format: 'x' }),
          '400 invalid_request: Claim token format [x] not supported',
        ],
        "a public client's": [
          at(spa, push({ place: ['office'] })),
          '403 invalid_grant: Public clients are not allowed to send claims',
        ],
        'by the client': [
          at(undefined, { ...api, subject_token: spa, ...push({ place: ['office'] }) }),
          'office#view {"place":["office"]}',
        ],
      });
    }),
};
