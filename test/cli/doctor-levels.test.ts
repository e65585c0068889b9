import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainLevels } from '../../packages/cli/src/doctor/checks/admin.ts';
import type { AdminEvidence } from '../../packages/cli/src/doctor/evidence/admin.ts';
import { readSignInLevels, type SignInLevels } from '../../packages/cli/src/doctor/evidence/flows.ts';

const GOOD: SignInLevels = {
  map: new Map([
    ['silver', 1],
    ['gold', 2],
  ]),
  mappedBy: 'client',
  defaults: [],
  flow: 'step-up',
  conditions: [1, 2],
  isInToken: true,
};
const NONE: SignInLevels = { ...GOOD, map: new Map(), mappedBy: undefined, flow: 'browser', conditions: [] };

for (const [what, levels, wanted, status, told] of [
  ['nothing where all can be reached', GOOD, ['gold', 'silver', '2'], 'ok', ''],
  ['nothing where nobody uses levels', NONE, [], 'skipped', ''],
  ['nothing of a password alone', NONE, ['1'], 'ok', ''],
  ['a value that is in no mapping', GOOD, ['gold', 'platinum'], 'fail', /^platinum is in no ACR to LoA/],
  ['a default that is in no mapping', { ...GOOD, defaults: ['bronze'] }, [], 'warn', /^bronze is in no/],
  [
    'a flow without levels',
    { ...GOOD, flow: 'browser', conditions: [] },
    ['gold'],
    'fail',
    "the browser flow 'browser' has no step for a level: nobody reaches gold (2)",
  ],
  [
    'a level that the flow does not have',
    { ...GOOD, conditions: [1, 3] },
    ['gold'],
    'fail',
    "the browser flow 'step-up' has no step for gold (2)",
  ],
  ['the same of a mapping that nobody asked about', { ...GOOD, conditions: [1] }, [], 'warn', /gold \(2\)$/],
  ['a number that the flow does not have', GOOD, ['3'], 'fail', /no step for 3 \(3\)$/],
  [
    'tokens that do not say it',
    { ...GOOD, isInToken: false },
    ['gold'],
    'fail',
    /does not have the scope acr/,
  ],
] as [string, SignInLevels, string[], string, string | RegExp][]) {
  test(`says of levels: ${what}`, () => {
    const finding = explainLevels(levels, wanted, 'api');
    assert.equal(finding.status, status);
    if (typeof told === 'string') assert.equal(finding.cause, told);
    else assert.match(finding.cause, told);
    assert.equal(finding.fix === '', ['ok', 'skipped'].includes(status));
  });
}

test('shows the mapping, the levels of the flow and what is taken by default', () => {
  const seen = (levels: Partial<SignInLevels>, from = GOOD) =>
    explainLevels({ ...from, ...levels }, [], 'api').seen;
  assert.equal(seen({}), 'client: silver 1, gold 2; step-up: levels 1, 2');
  assert.equal(
    seen({ mappedBy: 'realm', defaults: ['gold'] }),
    'realm: silver 1, gold 2; step-up: levels 1, 2; by default gold',
  );
  assert.equal(seen({}, NONE), 'no level to look for (--acr): no mapping; browser: no levels');
  const fixOf = (mappedBy: SignInLevels['mappedBy']) =>
    explainLevels({ ...GOOD, mappedBy }, ['x', 'y'], 'api').fix;
  assert.equal(
    fixOf('client'),
    'Clients > api > Advanced > ACR to LoA Mapping: x = <its level>, y = <its level>',
  );
  assert.match(fixOf('realm'), / \(a mapping of the client replaces that of the realm\)$/);
});

test('reads what decides: the mapping of the client before that of the realm, and conditions that are on', async () => {
  const steps = [
    { level: 0, requirement: 'ALTERNATIVE', authenticationFlow: true },
    { level: 1, requirement: 'CONDITIONAL', authenticationFlow: true },
    { level: 2, requirement: 'REQUIRED', providerId: CONDITION, authenticationConfig: '1' },
    { level: 1, requirement: 'DISABLED', authenticationFlow: true },
    { level: 2, requirement: 'REQUIRED', providerId: CONDITION, authenticationConfig: '2' },
    { level: 1, requirement: 'CONDITIONAL', authenticationFlow: true },
    { level: 2, requirement: 'DISABLED', providerId: CONDITION, authenticationConfig: '3' },
    { level: 2, requirement: 'REQUIRED', providerId: CONDITION },
  ];
  const flows = {
    getFlow: async ({ flowId }: { flowId: string }) => ({ alias: `flow ${flowId}` }),
    getExecutions: async () => steps,
    getConfig: async ({ id }: { id: string }) => ({ config: { 'loa-condition-level': id } }),
  };
  const read = (client: object, realm: object) =>
    readSignInLevels(
      {
        connection: async () => ({ api: { authenticationManagement: flows } }),
        client: async () => client,
        realm: async () => realm,
      } as unknown as AdminEvidence,
      'main',
    );
  const map = (value: object) => ({ 'acr.loa.map': JSON.stringify(value) });
  const own = await read(
    {
      attributes: { ...map({ gold: 2 }), 'default.acr.values': 'silver##gold' },
      authenticationFlowBindingOverrides: { browser: 'x' },
      defaultClientScopes: ['basic', 'acr'],
    },
    { attributes: map({ silver: '1' }), browserFlow: 'main browser' },
  );
  assert.deepEqual(own, {
    map: new Map([['gold', 2]]),
    mappedBy: 'client',
    defaults: ['silver', 'gold'],
    flow: 'flow x',
    conditions: [1],
    isInToken: true,
  });
  const ofRealm = await read(
    { attributes: { 'acr.loa.map': '{}' }, protocolMappers: [{ protocolMapper: 'oidc-acr-mapper' }] },
    { attributes: map({ silver: '1' }), browserFlow: 'main browser' },
  );
  assert.deepEqual(
    [ofRealm.map, ofRealm.mappedBy, ofRealm.flow, ofRealm.isInToken],
    [new Map([['silver', 1]]), 'realm', 'main browser', true],
  );
});

const CONDITION = 'conditional-level-of-authentication';
