import type { Behaviours } from '../../scene.ts';
import { assertAll, createAsker } from './ask.ts';
import { onResources, onScopes, policy, resource, withAuthorization } from './realm.ts';

const NO = '403 access_denied: not_authorized';

/** One resource for each case, with a permission that applies one policy. */
const CASES: Record<string, { policy: ReturnType<typeof policy>; alice: boolean; bob: boolean }> = {
  'a role of the realm': {
    policy: policy('realm role', 'role', { roles: [{ id: 'member', required: false }] }),
    ...{ alice: true, bob: true },
  },
  'a role of a client': {
    policy: policy('client role', 'role', { roles: [{ id: 'api/auditor', required: false }] }),
    ...{ alice: false, bob: true },
  },
  'one of two roles': {
    policy: policy('one of two', 'role', {
      roles: [
        { id: 'member', required: false },
        { id: 'api/auditor', required: false },
      ],
    }),
    ...{ alice: true, bob: true },
  },
  'two roles, of which one is required': {
    policy: policy('one required', 'role', {
      roles: [
        { id: 'member', required: false },
        { id: 'api/auditor', required: true },
      ],
    }),
    ...{ alice: false, bob: true },
  },
  'a group': {
    policy: policy('group', 'group', { groups: [{ path: '/staff/dev', extendChildren: false }] }),
    ...{ alice: true, bob: false },
  },
  'a group above, without its children': {
    policy: policy('group above', 'group', { groups: [{ path: '/staff', extendChildren: false }] }),
    ...{ alice: false, bob: false },
  },
  'a group above, with its children': {
    policy: policy('group and children', 'group', { groups: [{ path: '/staff', extendChildren: true }] }),
    ...{ alice: true, bob: false },
  },
  'a group by a claim that the token lacks': {
    policy: policy('group by claim', 'group', {
      ...{ groups: [{ path: '/staff/dev', extendChildren: false }], groupsClaim: 'groups' },
    }),
    ...{ alice: true, bob: false },
  },
  'a group by a claim that the token has': {
    policy: policy('group by name', 'group', {
      ...{ groups: [{ path: '/staff/dev', extendChildren: true }], groupsClaim: 'preferred_username' },
    }),
    ...{ alice: false, bob: false },
  },
  'a user': { policy: policy('user', 'user', { users: ['bob'] }), alice: false, bob: true },
  'everybody but a user': {
    policy: policy('not the user', 'user', { users: ['bob'] }, { logic: 'NEGATIVE' }),
    ...{ alice: true, bob: false },
  },
  'a client': { policy: policy('client', 'client', { clients: ['web'] }), alice: true, bob: true },
  'another client': {
    policy: policy('another client', 'client', { clients: ['plain', 'api'] }),
    ...{ alice: false, bob: false },
  },
  'a scope of the client': {
    policy: policy('client scope', 'client-scope', { clientScopes: [{ id: 'email', required: false }] }),
    ...{ alice: true, bob: true },
  },
  'a scope that was not asked for': {
    policy: policy('optional scope', 'client-scope', { clientScopes: [{ id: 'phone', required: true }] }),
    ...{ alice: false, bob: false },
  },
  'a claim': {
    policy: policy('claim', 'regex', { targetClaim: 'preferred_username', pattern: 'a.*' }),
    ...{ alice: true, bob: false },
  },
  'the beginning of a claim': {
    policy: policy('claim begins', 'regex', { targetClaim: 'preferred_username', pattern: 'ali' }),
    ...{ alice: false, bob: false },
  },
  'a claim that is missing': {
    policy: policy('no claim', 'regex', { targetClaim: 'nope', pattern: '.*' }),
    ...{ alice: false, bob: false },
  },
  'a claim within a claim': {
    policy: policy('nested claim', 'regex', { targetClaim: 'realm_access.roles', pattern: '.*member.*' }),
    ...{ alice: true, bob: true },
  },
  "a name of Keycloak's own, which is taken for a path": {
    policy: policy('context', 'regex', {
      ...{ targetClaim: 'kc.realm.name', pattern: '.*', targetContextAttributes: 'true' },
    }),
    ...{ alice: false, bob: false },
  },
  'such a name, escaped': {
    policy: policy('escaped context', 'regex', {
      ...{ targetClaim: 'kc\\.realm\\.name', pattern: '.*', targetContextAttributes: 'true' },
    }),
    ...{ alice: false, bob: false },
  },
  'a time that is over': {
    policy: policy('time over', 'time', { noa: '2001-01-01 00:00:00' }),
    ...{ alice: false, bob: false },
  },
  'a time that has begun': {
    policy: policy('time begun', 'time', { nbf: '2001-01-01 00:00:00' }),
    ...{ alice: true, bob: true },
  },
  'a span of years': {
    policy: policy('years', 'time', { year: '2001', yearEnd: '2999' }),
    ...{ alice: true, bob: true },
  },
  'a year that is over': {
    policy: policy('year', 'time', { year: '2001' }),
    ...{ alice: false, bob: false },
  },
  'every hour of a day': {
    policy: policy('hours', 'time', { hour: '0', hourEnd: '23', minute: '0', minuteEnd: '59' }),
    ...{ alice: true, bob: true },
  },
  'all of several policies': {
    policy: policy('all of them', 'aggregate', { applyPolicies: ['is member', 'only alice'] }),
    ...{ alice: true, bob: false },
  },
  'one of several policies': {
    policy: policy(
      'one of them',
      'aggregate',
      { applyPolicies: ['never', 'only alice'] },
      { decisionStrategy: 'AFFIRMATIVE' },
    ),
    ...{ alice: true, bob: false },
  },
  'most of several policies': {
    policy: policy(
      'most of them',
      'aggregate',
      { applyPolicies: ['always', 'never', 'only alice'] },
      { decisionStrategy: 'CONSENSUS' },
    ),
    ...{ alice: true, bob: false },
  },
  'none of several policies': {
    policy: policy(
      'none of them',
      'aggregate',
      { applyPolicies: ['never', 'only alice'] },
      { decisionStrategy: 'AFFIRMATIVE', logic: 'NEGATIVE' },
    ),
    ...{ alice: false, bob: true },
  },
};

/** Permissions that differ: of a scope, of a resource, of a type, and against each other. */
const SHAPES = {
  resources: [
    resource('s1', ['view', 'edit']),
    resource('s2', ['view', 'edit']),
    resource('s3', ['view', 'edit']),
    resource('s4', ['view', 'edit']),
    resource('s5', ['view', 'edit']),
    resource('s6', ['view', 'edit']),
    resource('s7', ['view', 'edit']),
    resource('s8', ['share']),
    resource('s9', ['view', 'edit']),
    resource('s10', ['view'], { type: 'shelf' }),
    resource('s12', ['view']),
    resource('s11', ['view', 'edit'], { type: 'shelf', owner: { name: 'alice' } }),
  ],
  policies: [
    onResources('s1 for members', ['s1'], ['is member']),
    onResources('s2 for members', ['s2'], ['is member']),
    onScopes('s2 edit for nobody', ['s2'], ['edit'], ['never']),
    onResources('s3 for nobody', ['s3'], ['never']),
    onScopes('s3 view for members', ['s3'], ['view'], ['is member']),
    onResources('s4 for members and nobody', ['s4'], ['is member', 'never']),
    onResources('s5 for members or nobody', ['s5'], ['never', 'is member'], {
      decisionStrategy: 'AFFIRMATIVE',
    }),
    onResources('s6 for most', ['s6'], ['never', 'is member', 'always'], { decisionStrategy: 'CONSENSUS' }),
    onResources('s7 without a policy', ['s7'], []),
    onScopes('sharing anywhere', [], ['share'], ['is member']),
    onScopes('s9 view for members', ['s9'], ['view'], ['is member']),
    onScopes('s9 view for alice', ['s9'], ['view'], ['only alice']),
    onResources('s12 for no member', ['s12'], ['is member'], { logic: 'NEGATIVE' }),
    onScopes('shelf for members', ['s10'], ['view'], ['is member']),
  ],
};

export const decidingGroup: Behaviours = {
  'policies of every kind': (scene) => {
    const cases = Object.entries(CASES);
    const change = withAuthorization((settings) => {
      settings.resources?.push(...cases.map(([, one]) => resource(`for ${one.policy.name}`, ['view'])));
      settings.policies?.push(
        ...cases.map(([, one]) => one.policy),
        ...cases.map(
          ([
            ,
            {
              policy: { name },
            },
          ]) => onResources(`by ${name}`, [`for ${name}`], [name]),
        ),
      );
    });
    return scene.withRealm(change, async (caller) => {
      const { login, grants } = createAsker(caller);
      const tokens = {
        alice: (await login('alice')).access_token,
        bob: (await login('bob')).access_token,
      };
      const rows = cases.flatMap(([title, one]) =>
        (['alice', 'bob'] as const).map((who) => {
          const name = `for ${one.policy.name}`;
          const said = one[who] ? `${name}#view` : NO;
          return [`${title}, ${who}`, [() => grants(tokens[who], `${name}#view`), said]] as const;
        }),
      );
      await assertAll(Object.fromEntries(rows));
    });
  },
  'permissions that agree, and that do not': (scene) => {
    const change = withAuthorization((settings) => {
      settings.scopes?.push({ name: 'share' });
      settings.resources?.push(...SHAPES.resources);
      settings.policies?.push(...SHAPES.policies);
    });
    return scene.withRealm(change, async (caller) => {
      const { login, grants, idOf } = createAsker(caller);
      const bob = (await login('bob')).access_token;
      const alice = (await login('alice')).access_token;
      await assertAll({
        'of a resource, for all of its scopes': [() => grants(bob, 's1'), 's1#edit,view'],
        'of a resource, and against one scope': [() => grants(bob, 's2'), 's2#view'],
        'against one scope alone': [() => grants(bob, 's2#edit'), NO],
        'against a resource, and for one scope': [() => grants(bob, 's3'), NO],
        'two policies, of which one refuses': [() => grants(bob, 's4'), NO],
        'two policies, of which one is enough': [() => grants(bob, 's5'), 's5#edit,view'],
        'three policies, of which most are enough': [() => grants(bob, 's6'), 's6#edit,view'],
        'no policy': [() => grants(bob, 's7'), NO],
        'of a scope, whatever has it': [() => grants(bob, 's8'), 's8#share'],
        'two of one scope, one refuses': [() => grants(bob, 's9#view'), NO],
        'two of one scope, both grant': [() => grants(alice, 's9#view'), 's9#view'],
        'of one scope, and the whole is asked for': [() => grants(alice, 's9'), 's9#view'],
        'the logic of a permission counts for nothing': [() => grants(bob, 's12'), 's12#view'],
        'of a type that a user has one of': [
          async () => grants(bob, `${await idOf('s11', 'alice')}#view,edit`),
          's11#view',
        ],
      });
    });
  },
  'a client that is affirmative': (scene) => {
    const change = withAuthorization((settings) => {
      settings.decisionStrategy = 'AFFIRMATIVE';
      settings.scopes?.push({ name: 'share' });
      settings.resources?.push(...SHAPES.resources);
      settings.policies?.push(...SHAPES.policies);
    });
    return scene.withRealm(change, async (caller) => {
      const { login, grants } = createAsker(caller);
      const bob = (await login('bob')).access_token;
      await assertAll({
        'of a resource, and against one scope': [() => grants(bob, 's2'), 's2#edit,view'],
        'against a resource, and for one scope': [() => grants(bob, 's3'), 's3#view'],
        'two of one scope, one refuses': [() => grants(bob, 's9#view'), 's9#view'],
        'two policies, of which one refuses': [() => grants(bob, 's4'), NO],
      });
    });
  },
  'a client that is permissive': (scene) =>
    scene.withRealm(
      withAuthorization((settings) => {
        settings.policyEnforcementMode = 'PERMISSIVE';
      }),
      async (caller) => {
        const { login, grants, idOf } = createAsker(caller);
        const dave = (await login('dave')).access_token;
        await assertAll({
          'no permission': [() => grants(dave, 'unprotected#view'), 'unprotected#view'],
          'no permission, the whole': [() => grants(dave, 'unprotected'), 'unprotected#view'],
          'a permission that refuses': [() => grants(dave, 'orders#view'), NO],
          'what its owner may share': [async () => grants(dave, `${await idOf('album', 'alice')}#view`), NO],
          everything: [() => grants(dave), 'unprotected#view'],
        });
      },
    ),
  'a client whose permissions are switched off': (scene) =>
    scene.withRealm(
      withAuthorization((settings) => {
        settings.policyEnforcementMode = 'DISABLED';
      }),
      async (caller) => {
        const { login, grants } = createAsker(caller);
        const dave = (await login('dave')).access_token;
        await assertAll({
          'a permission that refuses': [() => grants(dave, 'orders#view'), 'orders#view'],
          'a scope that no resource has': [
            () => grants(dave, 'reports#delete'),
            '400 invalid_resource: Resource with id [reports] does not exist.',
          ],
          'what does not exist': [
            () => grants(dave, 'nope#view'),
            '400 invalid_resource: Resource with id [nope] does not exist.',
          ],
        });
      },
    ),
  'roles by the token, or as they are now': (scene) => {
    const change = withAuthorization((settings) => {
      settings.policies?.push(
        policy('member by token', 'role', { roles: [{ id: 'member', required: false }] }),
        onResources('unprotected by token', ['unprotected'], ['member by token']),
      );
    });
    return scene.withRealm(change, async (caller, realm) => {
      const { login, grants } = createAsker(caller);
      const bob = (await login('bob')).access_token;
      await assertAll({
        'before, by token': [() => grants(bob, 'unprotected#view'), 'unprotected#view'],
        'before, as it is': [() => grants(bob, 'orders#view'), 'orders#view'],
      });
      await realm.takeRealmRole('bob', 'member');
      await assertAll({
        'after, by token': [() => grants(bob, 'unprotected#view'), 'unprotected#view'],
        'after, as it is': [() => grants(bob, 'orders#view'), NO],
      });
    });
  },
};
