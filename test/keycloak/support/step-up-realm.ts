import { createHmac, randomUUID } from 'node:crypto';
import { issueAdminToken, type RealKeycloak } from './real-keycloak.ts';

/** A realm in which a password is `silver` and a one-time code is `gold`; `weak` is a client whose login knows no levels. */
export interface StepUpRealm {
  readonly realm: string;
  readonly secret: string;
  /** Has a password and a generator of one-time codes. */
  readonly carol: Person;
  /** Has a password alone. */
  readonly dave: Person;
  /** A one-time code (RFC 6238) that was not used yet: Keycloak takes each once, and those before and after it too. */
  code(): string;
  remove(): Promise<void>;
}

interface Person {
  readonly username: string;
  readonly password: string;
}

const OTP_SECRET = 'a-secret-of-twenty-b';
const CLIENTS = ['strong', 'weak'];
const FLOW = 'step-up';

export async function createStepUpRealm(keycloak: RealKeycloak): Promise<StepUpRealm> {
  const realm = `step-up-${randomUUID().slice(0, 8)}`;
  const secret = randomUUID();
  const [carol, dave] = ['carol', 'dave'].map((username) => ({ username, password: randomUUID() })) as [
    Person,
    Person,
  ];
  const base = `${keycloak.url}/admin/realms`;
  let counter = 0;

  async function call(method: string, path: string, body?: object): Promise<Response> {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await issueAdminToken(keycloak)}`,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  await call('POST', '', {
    realm,
    enabled: true,
    clients: CLIENTS.map((clientId) => ({
      clientId,
      secret,
      redirectUris: ['*'],
      directAccessGrantsEnabled: true,
      attributes: { 'acr.loa.map': JSON.stringify({ silver: 1, gold: 2 }) },
    })),
    users: [toUser(carol, [OTP]), toUser(dave, [])],
  });
  await addFlow((method, path, body) => call(method, `/${realm}${path}`, body));
  return {
    realm,
    secret,
    carol,
    dave,
    code() {
      counter = Math.max(counter + 1, Math.floor(Date.now() / 30_000) - 1);
      return totp(OTP_SECRET, counter);
    },
    remove: async () => void (await call('DELETE', `/${realm}`)),
  };
}

const OTP = {
  type: 'otp',
  secretData: JSON.stringify({ value: OTP_SECRET }),
  credentialData: JSON.stringify({
    subType: 'totp',
    digits: 6,
    counter: 0,
    period: 30,
    algorithm: 'HmacSHA1',
  }),
};

function toUser({ username, password }: Person, more: readonly object[]) {
  return {
    username,
    enabled: true,
    email: `${username}@example.com`,
    emailVerified: true,
    firstName: username,
    lastName: 'Example',
    credentials: [{ type: 'password', value: password }, ...more],
  };
}

type Call = (method: string, path: string, body?: object) => Promise<Response>;

interface Execution {
  readonly id: string;
  readonly providerId?: string;
  readonly displayName: string;
}

const REQUIREMENTS: Readonly<Record<string, string>> = {
  'auth-cookie': 'ALTERNATIVE',
  [`${FLOW} forms`]: 'ALTERNATIVE',
  [`${FLOW} 1`]: 'CONDITIONAL',
  [`${FLOW} 2`]: 'CONDITIONAL',
};
const CONDITION = 'conditional-level-of-authentication';

/** cookie | forms( level 1: password, level 2: one-time code ), for the client `strong`. */
async function addFlow(call: Call): Promise<void> {
  const flows = '/authentication/flows';
  const at = (flow: string) => `${flows}/${encodeURIComponent(flow)}/executions`;
  const step = (flow: string, provider: string) => call('POST', `${at(flow)}/execution`, { provider });
  const nest = (flow: string, alias: string) =>
    call('POST', `${at(flow)}/flow`, {
      alias,
      description: '',
      type: 'basic-flow',
      provider: 'registration-page-form',
    });
  await call('POST', flows, { alias: FLOW, providerId: 'basic-flow', topLevel: true, builtIn: false });
  await step(FLOW, 'auth-cookie');
  await nest(FLOW, `${FLOW} forms`);
  for (const [level, form] of [
    ['1', 'auth-username-password-form'],
    ['2', 'auth-otp-form'],
  ] as const) {
    await nest(`${FLOW} forms`, `${FLOW} ${level}`);
    await step(`${FLOW} ${level}`, CONDITION);
    await step(`${FLOW} ${level}`, form);
  }
  const executions = (await (await call('GET', at(FLOW))).json()) as Execution[];
  let level = 0;
  for (const execution of executions) {
    const { id, providerId = '', displayName } = execution;
    const requirement = REQUIREMENTS[providerId] ?? REQUIREMENTS[displayName] ?? 'REQUIRED';
    await call('PUT', at(FLOW), { ...execution, requirement });
    if (providerId !== CONDITION) continue;
    level++;
    const config = { 'loa-condition-level': String(level), 'loa-max-age': level === 1 ? '28800' : '0' };
    await call('POST', `/authentication/executions/${id}/config`, { alias: `${FLOW} ${level}`, config });
  }
  const all = (await (await call('GET', flows)).json()) as { id: string; alias: string }[];
  const [client] = (await (await call('GET', '/clients?clientId=strong')).json()) as [{ id: string }];
  const browser = all.find(({ alias }) => alias === FLOW)?.id;
  await call('PUT', `/clients/${client.id}`, { ...client, authenticationFlowBindingOverrides: { browser } });
}

/** SHA-1, six digits, 30 seconds. Keycloak stores the secret as it is, not in base 32. */
function totp(secret: string, count: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(count));
  const hash = createHmac('sha1', secret).update(counter).digest();
  const offset = (hash[19] as number) & 15;
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 1e6).padStart(6, '0');
}
