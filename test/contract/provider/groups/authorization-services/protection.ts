import assert from 'node:assert/strict';
import type { Answer, Json } from '../../caller.ts';
import type { Behaviours } from '../../scene.ts';
import { assertAll, createAsker, tell } from './ask.ts';
import { withAuthorization } from './realm.ts';

const FORBIDDEN = "403 forbidden: You don't have permission to manage this resource";
const listed = (answer: Answer) =>
  (answer.json as unknown as { name: string }[]).map(({ name }) => name).join('; ');
const statusOf = async (answer: Promise<Answer>) => String((await answer).status);

export const protectionGroup: Behaviours = {
  'who may use it': (scene) =>
    scene.withRealm(withAuthorization(), async (caller) => {
      const { login, own, protection } = createAsker(caller);
      const alice = (await login('alice', 'api')).access_token;
      const web = (await login('carl', 'web')).access_token;
      const at = (token: string | undefined, path: string) => async () =>
        tell(await protection('GET', path, token));
      const NONE = '403 invalid_bearer_token: Could not obtain bearer access_token from request.';
      const ROLE = '403 invalid_scope: Requires uma_protection scope.';
      await assertAll({
        nobody: [at(undefined, 'resource_set'), NONE],
        'what is no token': [at('x', 'resource_set'), NONE],
        'nobody, for tickets': [at(undefined, 'permission/ticket'), NONE],
        "another client's user": [
          at(web, 'resource_set'),
          '403 invalid_clientId: Client application [web] is not registered as a resource server.',
        ],
        "another client's account": [
          async () => tell(await protection('GET', 'resource_set', await own('svc'))),
          '403 invalid_clientId: Client application [svc] is not registered as a resource server.',
        ],
        'a user without the role': [at(alice, 'resource_set'), ROLE],
        'a user without the role, for tickets': [at(alice, 'permission/ticket'), ROLE],
      });
    }),
  'resources, by the client': (scene) =>
    scene.withRealm(withAuthorization(), async (caller) => {
      const { own, protection, idOf } = createAsker(caller);
      const token = await own();
      const get = (query: string) => protection('GET', `resource_set?deep=true&${query}`, token);
      const names = (query: string) => async () => listed(await get(query));
      const post = (body: unknown) => async () => tell(await protection('POST', 'resource_set', token, body));
      await assertAll({
        'part of a name': [names('name=order'), 'order lines; orders'],
        'part of a name, in capitals': [names('name=ORDER'), 'order lines; orders'],
        'a name with a star': [names('name=or*ines'), 'order lines'],
        'the whole name': [names('name=orders&exactName=true'), 'orders'],
        'the whole name, in capitals': [names('name=ORDERS&exactName=true'), 'orders'],
        'a path': [names('uri=/admin'), 'admin'],
        'a path below': [names('uri=/orders/7'), ''],
        'a type': [names('type=order'), 'order lines; orders'],
        'a scope': [names('scope=delete'), 'album; orders'],
        'an owner by name': [names('owner=alice'), 'album'],
        'the client as owner': [names('owner=api&name=a'), 'admin'],
        'an owner that does not exist': [names('owner=nobody'), ''],
        'a page': [names('owner=api&first=1&max=2'), 'no scopes; office'],
        'no more than none': [names('max=0'), ''],
        'a number that is none': [async () => tell(await get('max=x')), '404 HTTP 404 Not Found'],
        'one that does not exist': [
          async () => tell(await protection('GET', 'resource_set/no-such', token)),
          '404 HTTP 404 Not Found',
        ],
        'one to replace that does not exist': [
          async () => tell(await protection('PUT', 'resource_set/no-such', token, { name: 'x' })),
          '404 HTTP 404 Not Found',
        ],
        'one to take away that does not exist': [
          async () => tell(await protection('DELETE', 'resource_set/no-such', token)),
          '404 HTTP 404 Not Found',
        ],
        'a name that is taken': [
          post({ name: 'orders' }),
          '409 invalid_request: Resource with name [orders] already exists.',
        ],
        'no name': [post({}), '409 conflict: Duplicate resource error'],
        'a brace that is never closed': [
          post({ name: 'n', uris: ['/n/{'] }),
          "400 invalid_request: URI [/n/{] is not a valid template: missing closing '}'",
        ],
        'a name of nothing': [
          post({ name: 'n', uris: ['/n/{}'] }),
          "400 invalid_request: URI [/n/{}] is not a valid template: unexpected '}' or empty parameter name",
        ],
        'a star in a word': [
          post({ name: 'n', uris: ['/n*'] }),
          "400 invalid_request: URI [/n*] is not a valid template: wildcard '*' is only supported as trailing '/*' or as a suffix pattern '/*.ext'",
        ],
        'a member that is not known': [
          post('{"name":"n","foo":1}'),
          '400 Invalid json representation for UmaResourceRepresentation. Unrecognized field "foo" at line 1 column 20.',
        ],
        'what is no JSON': [post('x'), '400 invalid_request: Cannot parse the JSON'],
        'a list': [post([]), '400 unknown_error: Cannot parse the JSON'],
        nothing: [post(''), '400'],
        'another method': [async () => statusOf(protection('PATCH', 'resource_set', token)), '405'],
      });
      const ids = await protection('GET', 'resource_set?name=orders', token);
      assert.deepEqual(ids.json, [await idOf('orders')]);
    }),
  'a resource is registered, read, replaced and taken away': (scene) =>
    scene.withRealm(withAuthorization(), async (caller) => {
      const { own, protection, grants } = createAsker(caller);
      const token = await own();
      const made = await protection('POST', 'resource_set', token, {
        ...{ name: 'new', type: 'order', uris: ['/new'], resource_scopes: ['view', 'brand-new'] },
        ...{ owner: 'alice', ownerManagedAccess: true, attributes: { a: ['b'] }, displayName: 'New' },
      });
      assert.equal(made.status, 201, made.text);
      const { _id: id, owner, scopes, resource_scopes, ...rest } = made.json;
      assert.deepEqual(rest, {
        ...{ name: 'new', type: 'order', uris: ['/new'], ownerManagedAccess: true, displayName: 'New' },
      });
      assert.equal((owner as Json).name, 'api', 'the owner is who calls');
      const names = (value: unknown) => (value as Json[]).map(({ name }) => name).toSorted();
      assert.deepEqual(
        [names(scopes), names(resource_scopes)],
        [
          ['brand-new', 'view'],
          ['brand-new', 'view'],
        ],
      );
      const bob = (await createAsker(caller).login('bob')).access_token;
      assert.equal(await grants(bob, `${id}#view`), 'new#view', 'the permission of its type counts');
      const put = await protection('PUT', `resource_set/${id}`, token, { name: 'newer', scopes: ['view'] });
      assert.equal(put.status, 204, put.text);
      const read = await protection('GET', `resource_set/${id}`, token);
      const { owner: readOwner, ...told } = read.json;
      assert.deepEqual(told, {
        ...{ name: 'newer', ownerManagedAccess: false, attributes: { a: ['b'] }, _id: id, uris: [] },
        ...{ resource_scopes: [{ name: 'view' }], scopes: [{ name: 'view' }] },
      });
      assert.deepEqual(Object.keys(readOwner as Json), ['id']);
      const nameless = await protection('PUT', `resource_set/${id}`, token, { scopes: ['view'] });
      assert.equal(nameless.status, 500);
      assert.equal((await protection('DELETE', `resource_set/${id}`, token)).status, 204);
      assert.equal((await protection('GET', `resource_set/${id}`, token)).status, 404);
    }),
  'resources, by a user with the role': (scene) =>
    scene.withRealm(withAuthorization(), async (caller) => {
      const { login, protection, idOf } = createAsker(caller);
      const carl = (await login('carl', 'api')).access_token;
      const body = { name: 'orders', resource_scopes: ['view'], ownerManagedAccess: true };
      const made = await protection('POST', 'resource_set', carl, body);
      assert.equal(made.status, 201, 'a name may be taken once by each owner');
      assert.equal((made.json.owner as Json).name, 'carl');
      const orders = await idOf('orders');
      const at = (method: string, path: string, sent?: unknown) => async () =>
        tell(await protection(method, path, carl, sent));
      await assertAll({
        'all that there is': [
          async () => listed(await protection('GET', 'resource_set?deep=true', carl)),
          'orders',
        ],
        "the client's": [
          async () => listed(await protection('GET', 'resource_set?deep=true&owner=api', carl)),
          'orders',
        ],
        "to read one of the client's": [at('GET', `resource_set/${orders}`), FORBIDDEN],
        "to replace one of the client's": [at('PUT', `resource_set/${orders}`, { name: 'x' }), FORBIDDEN],
        "to take away one of the client's": [at('DELETE', `resource_set/${orders}`), FORBIDDEN],
        'one that does not exist': [at('GET', 'resource_set/no-such'), '404 not_found: Resource not found'],
        'to take away its own': [at('DELETE', `resource_set/${made.json._id}`), '204'],
      });
    }),
  'bodies whose members have another shape': (scene) =>
    scene.withRealm(withAuthorization(), async (caller) => {
      const { own, protection, idOf } = createAsker(caller);
      const client = await own();
      const album = await idOf('album', 'alice');
      const permission = { resource_id: await idOf('orders') };
      const ticket = { resource: album, requesterName: 'bob', scopeName: 'view' };
      const ODD = '400 unknown_error: Cannot parse the JSON';
      const cases = [
        ...[{}, [], [[]]].map((odd) => ['resource_set', { name: odd }]),
        ...[
          { uri: [] },
          { uris: 'x' },
          { uris: [{}] },
          { scopes: 1 },
          { resource_scopes: [1] },
          { owner: [] },
        ].map((odd) => ['resource_set', { name: 'odd', ...odd }]),
        ...[{ resource_id: {} }, { resource_scopes: true }, { resource_scopes: {} }].map((odd) => [
          'permission',
          [{ ...permission, ...odd }],
        ]),
        ...[1, 'x', []].map((odd) => ['permission', [permission, odd]]),
        ...[
          { resource: { toString: 1 } },
          { scopeName: [] },
          { requester: {} },
          { granted: 'x' },
          { owner: {} },
        ].map((odd) => ['permission/ticket', { ...ticket, ...odd }]),
      ] as [string, unknown][];
      await assertAll(
        Object.fromEntries(
          cases.map(([path, body]) => [
            `${path.split('/')[0]} ${JSON.stringify(body).replace(/[\da-f]{8}-[\da-f-]{27}/g, '')}`,
            [async () => tell(await protection('POST', path, client, body)), ODD],
          ]),
        ),
      );
      await assertAll({
        'a member that is null is none': [
          async () =>
            statusOf(protection('POST', 'permission', client, [{ ...permission, resource_scopes: null }])),
          '201',
        ],
        'a member that is unknown': [
          async () =>
            tell(await protection('POST', 'permission', client, [{ ...permission, x: 1 }])).replace(
              / at line.*/,
              '',
            ),
          '400 Invalid json representation for PermissionRequest. Unrecognized field "x"',
        ],
        'a number is a name': [
          async () => statusOf(protection('POST', 'resource_set', client, { name: 17 })),
          '201',
        ],
        'an object is no value of an attribute, and does no harm': [
          async () =>
            statusOf(
              protection('POST', 'resource_set', client, { name: 'odd', attributes: { a: { toString: 1 } } }),
            ),
          '201',
        ],
      });
    }),
  'a client whose resources are managed by nobody else': (scene) =>
    scene.withRealm(
      withAuthorization((settings) => {
        settings.allowRemoteResourceManagement = false;
      }),
      async (caller) => {
        const { own, protection } = createAsker(caller);
        const token = await own();
        const OFF = '400 not_supported: Remote management is disabled.';
        const at = (method: string, path: string, body?: unknown) => async () =>
          tell(await protection(method, path, token, body));
        await assertAll({
          'to list': [at('GET', 'resource_set'), OFF],
          'to register': [at('POST', 'resource_set', { name: 'x' }), OFF],
          'to replace': [at('PUT', 'resource_set/x', { name: 'x' }), OFF],
          'a ticket all the same': [
            async () =>
              statusOf(
                protection('POST', 'permission', token, [
                  { resource_id: 'orders', resource_scopes: ['view'] },
                ]),
              ),
            '201',
          ],
        });
      },
    ),
};
