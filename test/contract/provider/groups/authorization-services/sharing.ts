import assert from 'node:assert/strict';
import { claimsOf, headerOf, type Json } from '../../caller.ts';
import type { Behaviours } from '../../scene.ts';
import { type AskFields, assertAll, createAsker, tell } from './ask.ts';
import { withAuthorization } from './realm.ts';

const NO = '403 access_denied: not_authorized';
type Asker = ReturnType<typeof createAsker>;

/** The album of a user who may share it, and the people around it. */
async function openAlbum({ login, own, idOf, protection }: Asker) {
  const [alice, bob, dave, carl] = await Promise.all(
    ['alice', 'bob', 'dave', 'carl'].map(async (name) => (await login(name, 'api')).access_token),
  );
  const tokens = { alice: alice ?? '', bob: bob ?? '', dave: dave ?? '', carl: carl ?? '' };
  const album = await idOf('album', 'alice');
  const server = await own();
  const ticket = async (scopes: string[] = ['view'], id = album) => {
    const answer = await protection('POST', 'permission', server, [
      { resource_id: id, resource_scopes: scopes },
    ]);
    assert.equal(answer.status, 201, answer.text);
    return String(answer.json.ticket);
  };
  return { ...tokens, album, server, ticket };
}

export const sharingGroup: Behaviours = {
  'a ticket is made for what is asked': (scene) =>
    scene.withRealm(withAuthorization(), async (caller) => {
      const asker = createAsker(caller);
      const { album, server, ticket, bob } = await openAlbum(asker);
      const text = await ticket();
      assert.equal(headerOf(text).alg, 'HS512');
      const { permissions, aud, azp } = claimsOf(text);
      assert.deepEqual([permissions, aud, azp], [[{ rsid: album, scopes: ['view'] }], caller.issuer, 'api']);
      const post =
        (body: unknown, token = server) =>
        async () =>
          tell(await asker.protection('POST', 'permission', token, body)).replace(/\{.*\}/, 'a ticket');
      await assertAll({
        'by a name': [post([{ resource_id: 'orders', resource_scopes: ['view'] }]), '201 a ticket'],
        'by a name, as a user': [
          post([{ resource_id: 'orders', resource_scopes: ['view'] }], bob),
          '201 a ticket',
        ],
        'a scope alone': [post([{ resource_scopes: ['view'] }]), '201 a ticket'],
        'no list': [post({}), '400 unknown_error: Cannot parse the JSON'],
        'an empty list': [post([]), '400 invalid_permission_request: Invalid permission request.'],
        'no JSON': [post('x'), '400 invalid_request: Cannot parse the JSON'],
        nothing: [post(''), '400 invalid_permission_request: Invalid permission request.'],
        'neither resource nor scope': [
          post([{}]),
          '400 invalid_resource_id: Resource id or name not provided.',
        ],
        'a resource that does not exist': [
          post([{ resource_id: 'nope' }]),
          '400 invalid_resource_id: Resource set with id [nope] does not exists in this server.',
        ],
        'a scope that does not exist': [
          post([{ resource_id: album, resource_scopes: ['nope'] }]),
          '400 invalid_scope: Scope [nope] is invalid',
        ],
        "another resource's scope": [
          post([{ resource_id: 'reports', resource_scopes: ['delete'] }]),
          '400 invalid_scope: Scope [delete] is invalid',
        ],
      });
    }),
  'a ticket is exchanged, and a request filed': (scene) =>
    scene.withRealm(withAuthorization(), async (caller) => {
      const asker = createAsker(caller);
      const { alice, bob, carl, server, ticket, album } = await openAlbum(asker);
      const exchange = (token: string, fields: AskFields) => async () =>
        tell(await asker.ask(token, { response_mode: 'permissions', ...fields }));
      const filed = () => asker.protection('GET', 'permission/ticket', server);
      const count = async () => String(((await filed()).json as unknown as Json[]).length);
      const text = await ticket();
      await assertAll({
        'for nothing, without a request': [exchange(bob, { ticket: text, submit_request: 'false' }), NO],
        'no request is there': [count, '0'],
        'for nothing': [exchange(bob, { ticket: text }), '403 access_denied: request_submitted'],
        'a request is there': [count, '1'],
        'once more': [exchange(bob, { ticket: text }), '403 access_denied: request_submitted'],
        'it is the same request': [count, '1'],
        'by the owner, who needs none': [
          exchange(alice, { ticket: text }),
          '403 access_denied: request_submitted',
        ],
        'nor is one filed': [count, '1'],
        'for what is granted': [
          async () => exchange(bob, { ticket: await ticket(['view'], 'orders') })(),
          'orders#view',
        ],
        'for what the client owns, refused': [
          async () => exchange(bob, { ticket: await ticket(['view'], 'admin') })(),
          '403 access_denied: request_submitted',
        ],
        'no request for what the client owns': [count, '1'],
        'audience and permission count for nothing': [
          async () =>
            exchange(bob, { ticket: await ticket(['view'], 'orders'), audience: 'x', permission: 'y' })(),
          'orders#view',
        ],
        'what is no ticket': [
          exchange(bob, { ticket: 'x' }),
          '403 invalid_ticket: Ticket verification failed',
        ],
        'an access token, which asks for nothing': [
          exchange(bob, { ticket: bob }),
          '403 access_denied: request_submitted',
        ],
        'no request is filed by it': [count, '1'],
      });
      const seen = await asker.protection('GET', 'permission/ticket?returnNames=true', server);
      const [{ id, owner, requester, scope, ...rest } = {} as Json] = seen.json as unknown as Json[];
      assert.deepEqual(rest, {
        ...{ resource: album, granted: false, scopeName: 'view', resourceName: 'album' },
        ...{ ownerName: 'alice', requesterName: 'bob' },
      });
      const tickets =
        (query: string, token = server) =>
        async () =>
          (await asker.protection('GET', `permission/ticket${query}`, token)).json.length === 1
            ? 'one'
            : 'none';
      await assertAll({
        'by owner': [tickets('?owner=alice'), 'one'],
        'by somebody else': [tickets('?owner=bob'), 'none'],
        'by requester': [tickets(`?requester=${requester}`), 'one'],
        'by resource': [tickets(`?resourceId=${album}`), 'one'],
        'by the name of a resource': [tickets('?resourceId=album'), 'none'],
        'by scope': [tickets('?scopeId=view'), 'one'],
        'by the id of a scope': [tickets(`?scopeId=${scope}`), 'one'],
        'by another scope': [tickets('?scopeId=delete'), 'none'],
        'not granted': [tickets('?granted=false'), 'one'],
        granted: [tickets('?granted=true'), 'none'],
        'by somebody whom it is no business of': [tickets('', carl), 'none'],
        'to take it away, by somebody else': [
          async () =>
            (await asker.protection('DELETE', `permission/ticket/${id}`, carl)).json.error as string,
          'not_authorised',
        ],
        'to grant it, by somebody else': [
          async () => tell(await asker.protection('PUT', 'permission/ticket', carl, { id, granted: true })),
          '403 not_authorised: permissions for [null] can be updated only by the owner or by the resource server',
        ],
        'to grant it, by the client': [
          async () => tell(await asker.protection('PUT', 'permission/ticket', server, { id, granted: true })),
          '204',
        ],
        'it counts': [() => asker.grants(bob, `${album}#view,delete`), 'album#view'],
        'it counts by its name': [() => asker.grants(bob, 'album'), 'album#view'],
        'by its name even for what is not shared': [() => asker.grants(bob, 'album#delete'), 'album#view'],
        'for the owner too, from then on': [() => asker.grants(alice, `${album}#view,delete`), 'album#view'],
        'for nobody else': [() => asker.grants(carl, `${album}#view`), NO],
        'by its name, for nobody else': [
          () => asker.grants(carl, 'album#view'),
          '400 invalid_resource: Resource with id [album] does not exist.',
        ],
        'to refuse it again': [
          async () =>
            tell(await asker.protection('PUT', 'permission/ticket', server, { id, granted: false })),
          '204',
        ],
        'it is gone': [() => asker.grants(bob, `${album}#view`), NO],
        'for the owner too': [() => asker.grants(alice, `${album}#view`), NO],
        'a ticket that does not exist': [
          async () => tell(await asker.protection('DELETE', 'permission/ticket/nope', server)),
          '400 invalid_request: invalid_ticket',
        ],
        'none to grant': [
          async () => tell(await asker.protection('PUT', 'permission/ticket', server, {})),
          '400 invalid_request: invalid_ticket',
        ],
      });
    }),
  'sharing at once': (scene) =>
    scene.withRealm(withAuthorization(), async (caller) => {
      const asker = createAsker(caller);
      const { bob, carl, server, album } = await openAlbum(asker);
      const orders = await asker.idOf('orders');
      const to = { resource: album, scopeName: 'view', requesterName: 'bob', granted: true };
      const share =
        (body: unknown, token = server) =>
        async () =>
          tell(await asker.protection('POST', 'permission/ticket', token, body)).replace(/^200 .*/, '200');
      const wrong = (text: string) => `400 invalid_permission: ${text}`;
      await assertAll({
        'by somebody else': [
          share(to, carl),
          `403 not_authorised: permissions for [${album}] can be only created by the owner or by the resource server itself`,
        ],
        'with an id': [share({ ...to, id: 'x' }), wrong('created permissions should not have id')],
        'no resource': [share({}), wrong('created permissions should have resource')],
        'no scope': [share({ resource: album }), wrong('created permissions should have scope or scopeName')],
        'no requester': [
          share({ resource: album, scopeName: 'view' }),
          wrong('created permissions should have requester or requesterName'),
        ],
        'a resource that does not exist': [
          share({ ...to, resource: 'x' }),
          '400 invalid_resource_id: Resource set with id [x] does not exists in this server.',
        ],
        'a resource that may not be shared': [
          share({ ...to, resource: orders }),
          wrong('permission can only be created for resources with user-managed access enabled'),
        ],
        'a user who does not exist': [
          share({ ...to, requesterName: 'nobody' }),
          wrong('Requester does not exists in this server as user.'),
        ],
        'a scope that does not exist': [
          share({ ...to, scopeName: 'nope' }),
          '400 invalid_scope: Scope [nope] is invalid',
        ],
        "another resource's scope": [
          share({ ...to, scopeName: 'edit' }),
          `400 invalid_resource_id: Resource set with id [${album}] does not have Scope [edit]`,
        ],
        'a member that is not known': [
          share('{"a":1}'),
          '400 Invalid json representation for PermissionTicketRepresentation. Unrecognized field "a" at line 1 column 7.',
        ],
        nothing: [share(''), '400 invalid_request: invalid_permission'],
        'by the client': [share(to), '200'],
        'once more': [share(to), wrong('Permission already exists')],
        'it counts': [() => asker.grants(bob, `${album}#view`), 'album#view'],
        'in everything, too': [
          () => asker.grants(bob),
          'album#view; no scopes; order lines#view; orders#view',
        ],
      });
    }),
};
