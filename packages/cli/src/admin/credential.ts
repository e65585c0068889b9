import type { JsonWebKey } from 'node:crypto';
import type AdminClient from '@keycloak/keycloak-admin-client';
import { trying } from './admin-error.ts';
import {
  type ActionOf,
  added,
  type Blocked,
  blockedPart,
  type Change,
  change,
  newPart,
  type Plan,
  type Step,
  toChange,
  toCreate,
} from './plan/step.ts';

export type CredentialGoal =
  | { readonly type: 'secret' }
  | {
      readonly type: 'key';
      readonly publicKey: JsonWebKey & { readonly kid?: string };
      /** A file that nobody named, and that was there. Its key is used only where Keycloak knows it. */
      readonly existingFile?: string | undefined;
      /** Ids of keys with which nobody is the client any more. */
      readonly retired?: readonly string[] | undefined;
    }
  | {
      readonly type: 'kubernetes';
      readonly serviceAccount: string;
      /** Issuer of the cluster. Default: that of the realm's identity provider for Kubernetes, or {@link OWN_CLUSTER}. */
      readonly issuer?: string | undefined;
    };

/** The default issuer: the cluster in which Keycloak runs. */
export const OWN_CLUSTER = 'https://kubernetes.default.svc.cluster.local';

const AUTHENTICATORS: Readonly<Record<string, string>> = {
  'client-secret': 'Client Id and Secret',
  'client-secret-jwt': 'Signed JWT with Client Secret',
  'client-jwt': 'Signed JWT',
  'federated-jwt': 'Signed JWT - Federated',
  'client-x509': 'X509 Certificate',
};

const AUTHENTICATOR_FOR = {
  secret: 'client-secret',
  key: 'client-jwt',
  kubernetes: 'federated-jwt',
} as const;

export type CredentialState = Awaited<ReturnType<typeof readCredential>>;

export async function readCredential(
  api: AdminClient,
  { realm, clientId }: { readonly realm: string; readonly clientId: string },
  { type }: CredentialGoal,
) {
  return trying(`see how ${clientId} proves who it is`, async () => {
    const isThere = Boolean(await api.realms.findOne({ realm }));
    const [clients, authenticators, providers] = await Promise.all([
      isThere ? api.clients.find({ realm, ...(type === 'kubernetes' ? {} : { clientId }) }) : [],
      // All realms have the same ones; its type knows nothing of the realm.
      api.authenticationManagement.getClientAuthenticatorProviders({
        realm: isThere ? realm : 'master',
      } as never),
      isThere && type === 'kubernetes' ? api.identityProviders.find({ realm }) : [],
    ]);
    return {
      client: clients.find((one) => one.clientId === clientId),
      authenticators: authenticators.map(({ id = '' }) => id),
      providers,
      others: clients.filter((one) => one.clientId !== clientId),
    };
  });
}

interface CredentialTarget {
  readonly attributes: Record<string, string>;
  readonly changes: readonly Change[];
  /** A sentence for people: which application is the client from now on. */
  readonly opens: string;
  readonly before: readonly Step[];
}

/** How a client comes to prove itself as wanted. A client that does so already stays as it is. */
export function planCredential(state: CredentialState, clientId: string, goal: CredentialGoal): Plan {
  const subject = `credential of client ${clientId}`;
  const authenticator = AUTHENTICATOR_FOR[goal.type];
  if (!state.authenticators.includes(authenticator)) {
    const why = `this Keycloak has no authenticator '${AUTHENTICATORS[authenticator]}'`;
    return blockedPart(subject, why, 'it came with Keycloak 26.4; until then use --credential key');
  }
  // It is made with one.
  if (goal.type === 'secret' && state.client === undefined) return newPart();
  const target = toTarget(state, clientId, goal);
  if ('why' in target) return blockedPart(subject, target.why, target.fix);
  const { client } = state;
  const attributes = client?.attributes ?? {};
  const now = client?.clientAuthenticatorType ?? 'client-secret';
  const isThere = Object.entries(target.attributes).every(([name, value]) => attributes[name] === value);
  if (client !== undefined && now === authenticator && isThere)
    return { steps: target.before, kept: target.before.length === 0 ? [subject] : [], blocked: [] };
  const to = AUTHENTICATORS[authenticator] ?? '';
  const patch = { clientAuthenticatorType: authenticator };
  const action = { type: 'update-client', client: clientId, patch, attributes: target.attributes } as const;
  const field = 'Client authenticator';
  const from = AUTHENTICATORS[now] ?? now;
  const step =
    client === undefined
      ? toCreate(subject, action, [change(field, to), ...target.changes])
      : toChange(
          subject,
          [
            ...(now === authenticator ? [] : [change(field, `${to}; who shows the former is refused`, from)]),
            ...target.changes,
          ],
          action,
          [target.opens],
        );
  return { steps: [...target.before, step], kept: [], blocked: [] };
}

type Refused = Omit<Blocked, 'subject'>;

function toTarget(
  state: CredentialState,
  clientId: string,
  goal: CredentialGoal,
): CredentialTarget | Refused {
  if (goal.type === 'secret') {
    const opens = `who knows the secret of ${clientId} is ${clientId}`;
    return { attributes: {}, changes: [], opens, before: [] };
  }
  return goal.type === 'key'
    ? toKeyTarget(state, clientId, goal)
    : toAccountTarget(state, clientId, goal.serviceAccount, goal.issuer);
}

function toKeyTarget(
  { client }: CredentialState,
  clientId: string,
  { publicKey, existingFile, retired = [] }: Extract<CredentialGoal, { type: 'key' }>,
): CredentialTarget | Refused {
  const { 'use.jwks.url': isByUrl, 'jwks.string': there } = client?.attributes ?? {};
  if (client?.clientAuthenticatorType === 'client-jwt' && isByUrl === 'true')
    return {
      why: 'Keycloak reads its keys from an address, so the application publishes them itself',
      fix: `put the key file there, or Clients > ${clientId} > Keys > Use JWKS URL OFF, and run this again`,
    };
  const keys = readKeys(there);
  const has = keys.some(({ kid }) => kid === publicKey.kid);
  if (!has && existingFile !== undefined)
    return {
      why: `${existingFile} was here before, and Keycloak does not know its key: anybody else who has it could act as ${clientId}`,
      fix: `if you made it, name it: --key-file ${existingFile}. Else take it away`,
    };
  const unknown = retired.filter((id) => id === publicKey.kid || !keys.some(({ kid }) => kid === id));
  if (unknown.length > 0) {
    const known = keys.flatMap(({ kid }) => (kid === undefined || kid === publicKey.kid ? [] : [kid]));
    return {
      why: `${unknown.join(', ')} is no key of it that could be retired`,
      fix: known.length === 0 ? 'it has no other key' : `its other keys: ${known.join(', ')}`,
    };
  }
  const left = keys.filter(({ kid = '' }) => !retired.includes(kid));
  const all =
    has && retired.length === 0 ? there : JSON.stringify({ keys: has ? left : [...left, publicKey] });
  return {
    attributes: { 'use.jwks.url': 'false', 'use.jwks.string': 'true', 'jwks.string': all },
    changes: [
      ...(has ? [] : [added('Keys', `${publicKey.kid}`)]),
      ...retired.map((id) => change('Keys', '(none): who shows it is refused', id)),
    ],
    opens: `who has the key ${publicKey.kid} is ${clientId}`,
    before: [],
  };
}

function readKeys(text: unknown): { readonly kid?: string }[] {
  try {
    const { keys } = JSON.parse(String(text));
    return Array.isArray(keys) ? keys : [];
  } catch {
    return [];
  }
}

function toAccountTarget(
  { providers, others }: CredentialState,
  clientId: string,
  serviceAccount: string,
  chosenIssuer: string | undefined,
): CredentialTarget | Refused {
  const clusters = providers.filter(({ providerId }) => providerId === 'kubernetes');
  const issuerOf = (one: (typeof providers)[number]) => String(one.config?.issuer);
  const [only, ...more] = clusters;
  if (chosenIssuer === undefined && more.length > 0) {
    const names = clusters.map(issuerOf).join(', ');
    return { why: `the realm has identity providers for several clusters: ${names}`, fix: 'say --issuer' };
  }
  const issuer = chosenIssuer ?? (only === undefined ? OWN_CLUSTER : issuerOf(only));
  const cluster = clusters.find((one) => issuerOf(one) === issuer);
  if (cluster?.enabled === false)
    return {
      why: `the identity provider ${cluster.alias} is switched off`,
      fix: 'switch it on, and run this again',
    };
  const alias = cluster?.alias ?? freeAlias(providers.map((one) => one.alias ?? ''));
  const subject = `system:serviceaccount:${serviceAccount.replace('/', ':')}`;
  const attributes = { 'jwt.credential.issuer': alias, 'jwt.credential.sub': subject };
  const same = others.find((one) =>
    Object.entries(attributes).every(([name, value]) => one.attributes?.[name] === value),
  );
  // Keycloak finds the client by these alone.
  if (same !== undefined)
    return {
      why: `the client ${same.clientId} has the same service account, and a token can stand for one client only`,
      fix: 'give each application its own service account',
    };
  const before: Step[] = [];
  if (cluster === undefined) {
    const opens = [`${issuer} says which service account is which client of this realm`];
    const action = { type: 'create-provider', alias, issuer } as const;
    before.push({
      ...toCreate(`identity provider ${alias}`, action, [change('Kubernetes', issuer)]),
      opens,
    });
  }
  return {
    attributes,
    changes: [change('Identity provider', alias), change('Subject', subject)],
    opens: `the service account ${serviceAccount} of ${issuer} is ${clientId}`,
    before,
  };
}

/** The identity provider of a Kubernetes cluster, for Keycloak's IdentityProviderRepresentation. */
export const toProvider = ({ alias, issuer }: Pick<ActionOf<'create-provider'>, 'alias' | 'issuer'>) => ({
  alias,
  providerId: 'kubernetes',
  enabled: true,
  config: { issuer },
});

function freeAlias(taken: readonly string[]): string {
  let alias = 'kubernetes';
  for (let number = 2; taken.includes(alias); number++) alias = `kubernetes-${number}`;
  return alias;
}
