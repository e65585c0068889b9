import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AdminConnection, connectAdmin } from '../../../packages/cli/src/admin/connection.ts';
import { type CheckResult, runChecks } from '../../../packages/cli/src/doctor/check.ts';
import { CHECKS, TOKEN_CHECKS } from '../../../packages/cli/src/doctor/checks/index.ts';
import { createContext } from '../../../packages/cli/src/doctor/context.ts';
import { type DoctorOptions, readDoctorOptions } from '../../../packages/cli/src/doctor/options.ts';
import { createRealmCalls, type RealmCalls } from '../../../packages/cli/src/keycloak/realm-calls.ts';

type Api = AdminConnection['api'];

/** What the doctor is told, beyond the usual. */
export interface Visit {
  /** Values for `.env`, in place of the lab's. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whether the doctor gets the admin's name and password. */
  readonly admin?: boolean;
  /** Whether the doctor gets a user; by default it does. */
  readonly user?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** A token that is piped in. */
  readonly token?: string;
}

/** A realm of its own in a real Keycloak, set up well, to be broken and mended. */
export interface Lab {
  readonly api: Api;
  readonly url: string;
  readonly realm: string;
  readonly clientId: string;
  readonly secret: string;
  readonly username: string;
  readonly password: string;
  readonly calls: RealmCalls;
  /** Changes the client. */
  client(patch: Record<string, unknown>, attributes?: Record<string, string>): Promise<void>;
  /** Changes the user. */
  user(patch: Record<string, unknown>): Promise<void>;
  clientUuid(): Promise<string>;
  userId(): Promise<string>;
  visit(visit?: Visit): Promise<CheckResult[]>;
  /** Makes client, user and the realm's switches as they were. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

const SWITCHES = {
  enabled: true,
  sslRequired: 'external',
  notBefore: 0,
  verifyEmail: false,
  bruteForceProtected: false,
  permanentLockout: false,
  failureFactor: 30,
  // Keycloak's usual hashing takes a tenth of a second for each of some 600 logins.
  passwordPolicy: 'hashAlgorithm(pbkdf2-sha512) and hashIterations(1)',
  directGrantFlow: 'direct grant',
  ssoSessionIdleTimeout: 1800,
  ssoSessionMaxLifespan: 36_000,
  attributes: { frontendUrl: '' },
};

/** Creates the lab. */
export async function createLab(realm: string): Promise<Lab> {
  const url = process.env.KC_TEST_URL ?? '';
  const admin = {
    realm: 'master',
    username: process.env.KC_TEST_ADMIN_USER ?? '',
    password: process.env.KC_TEST_ADMIN_PASSWORD ?? '',
  };
  const { api } = await connectAdmin({ serverUrl: url, credentials: admin, timeoutMs: 120_000 });
  const [clientId, secret, username, password] = ['lab-api', 'lab-secret', 'anna', 'Lab#pass+1'];
  const folder = mkdtempSync(join(tmpdir(), 'doctor-lab-'));
  await api.realms.del({ realm }).catch(() => {});
  await api.realms.create({ realm, enabled: true });

  const clientUuid = async () => (await api.clients.find({ realm, clientId }))[0]?.id ?? '';
  const userId = async () => (await api.users.find({ realm, username, exact: true }))[0]?.id ?? '';

  async function restore(): Promise<void> {
    await api.realms.update({ realm }, SWITCHES);
    const [client, user] = [await clientUuid(), await userId()];
    if (client !== '') await api.clients.del({ realm, id: client });
    if (user !== '') await api.users.del({ realm, id: user });
    const mapper = {
      name: 'audience',
      protocol: 'openid-connect',
      protocolMapper: 'oidc-audience-mapper',
      config: {
        'included.client.audience': clientId,
        'access.token.claim': 'true',
        'introspection.token.claim': 'true',
      },
    };
    await api.clients.create({
      realm,
      clientId,
      secret,
      enabled: true,
      publicClient: false,
      standardFlowEnabled: true,
      directAccessGrantsEnabled: true,
      redirectUris: ['http://localhost:8000/*'],
      webOrigins: ['http://localhost:8000'],
      attributes: {
        'pkce.code.challenge.method': 'S256',
        'post.logout.redirect.uris': 'http://localhost:8000/*',
        'backchannel.logout.url': 'http://127.0.0.1:9/backchannel-logout',
        'backchannel.logout.session.required': 'true',
      },
      protocolMappers: [mapper],
    });
    await api.users.create({
      realm,
      username,
      enabled: true,
      email: 'anna@example.com',
      emailVerified: true,
      firstName: 'Anna',
      lastName: 'Example',
      credentials: [{ type: 'password', value: password, temporary: false }],
    });
  }
  await restore();

  return {
    api,
    url,
    realm,
    clientId,
    secret,
    username,
    password,
    calls: createRealmCalls({ serverUrl: url, realm, clientId, clientSecret: secret, timeoutMs: 10_000 }),
    clientUuid,
    userId,
    restore,
    async client(patch, attributes = {}) {
      const id = await clientUuid();
      const client = await api.clients.findOne({ realm, id });
      await api.clients.update(
        { realm, id },
        { ...client, ...patch, attributes: { ...client?.attributes, ...attributes } },
      );
    },
    async user(patch) {
      const id = await userId();
      await api.users.update({ realm, id }, { ...(await api.users.findOne({ realm, id })), ...patch });
    },
    async visit(visit = {}) {
      const settings = {
        KEYCLOAK_SERVER_URL: url,
        KEYCLOAK_REALM: realm,
        KEYCLOAK_CLIENT_ID: clientId,
        KEYCLOAK_CLIENT_SECRET: secret,
        KEYCLOAK_TIMEOUT_MS: '5000',
        ...visit.settings,
      };
      const envFile = join(folder, '.env');
      const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`);
      writeFileSync(envFile, lines.join(''), { mode: 0o600 });
      const env = {
        ...(visit.user === false ? {} : { DOCTOR_USER: username, DOCTOR_PASSWORD: password }),
        ...(visit.admin
          ? { KEYCLOAK_ADMIN_USER: admin.username, KEYCLOAK_ADMIN_PASSWORD: admin.password }
          : {}),
        ...visit.env,
      };
      const options: DoctorOptions = await readDoctorOptions(['--env', envFile, ...(visit.args ?? [])], env);
      return runChecks(
        visit.token === undefined ? CHECKS : TOKEN_CHECKS,
        createContext({ ...options, token: visit.token }),
      );
    },
    async close() {
      await api.realms.del({ realm });
      rmSync(folder, { recursive: true });
    },
  };
}
