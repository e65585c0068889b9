import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type CredentialOptions, createCredential, createIssuer } from 'keycloak-guard';
import { isHttpUrl } from '../access/access.ts';
import type { AdminConnection } from '../admin/connection.ts';
import { type CredentialGoal, OWN_CLUSTER, planCredential, readCredential } from '../admin/credential.ts';
import { blockedPart, joinParts, type Plan } from '../admin/plan/step.ts';
import { NO_PART, type PlanPart, toFilePart } from '../plan/run-plan.ts';
import { networkZoneOf } from '../settings/address.ts';
import { type Flags, table, toHelp } from '../settings/options.ts';
import { assertOfFolder } from '../settings/private-file.ts';
import { UsageError } from '../settings/usage-error.ts';
import { type Output, toPlainLine } from '../terminal/output.ts';

export const CREDENTIAL = table(`
--credential <kind> | | secret, key or kubernetes (default: as it is; a new client has a secret)
--key-file <file> | | key: the private key; made and written for you alone if it is not there (default client-key.pem)
--retire-key <id>… | | key: this former key (its kid) proves nothing any more; can be repeated
--service-account <namespace>/<name> | | kubernetes: the service account of the pod
--issuer <url> | | kubernetes: issuer of the cluster (default: the one that the realm knows, or ${OWN_CLUSTER})
`);
export const CREDENTIAL_HELP = toHelp(CREDENTIAL, 'How the client proves who it is');

export interface ChosenCredential {
  readonly goal: CredentialGoal;
  readonly settings: Readonly<Record<string, string>>;
  /** The credential with which this program can call Keycloak as the client, to try it. */
  readonly options: CredentialOptions | undefined;
  readonly part: PlanPart;
}

const TOKEN_FILE = '/var/run/secrets/keycloak/token';
const KINDS = ['secret', 'key', 'kubernetes'];

/**
 * Reads the flags, and the key file if there is one. A new key is kept in memory until the plan is agreed to.
 *
 * @throws {UsageError}
 */
export async function chooseCredential(
  flags: Flags<typeof CREDENTIAL>,
): Promise<ChosenCredential | undefined> {
  const { credential: kind, 'service-account': serviceAccount = '', issuer, 'key-file': keyFile } = flags;
  const problems: string[] = [];
  if (kind !== undefined && !KINDS.includes(kind))
    problems.push(`--credential must be one of ${KINDS.join(', ')}`);
  const retired = flags['retire-key'] ?? [];
  if (keyFile !== undefined && kind !== 'key') problems.push('--key-file needs --credential key');
  if (retired.length > 0 && kind !== 'key') problems.push('--retire-key needs --credential key');
  if (kind !== 'kubernetes' && (serviceAccount !== '' || issuer !== undefined))
    problems.push('--service-account and --issuer need --credential kubernetes');
  if (
    kind === 'kubernetes' &&
    !/^[a-z\d]([-a-z\d]*[a-z\d])?\/[a-z\d]([-.a-z\d]*[a-z\d])?$/.test(serviceAccount)
  )
    problems.push('--service-account must be <namespace>/<name>, for example shop/orders');
  // The server at this address decides which program is which client.
  if (issuer !== undefined && !isTrustedIssuer(issuer))
    problems.push('--issuer must be the https URL of the cluster, as iss of its tokens');
  if (problems.length > 0) throw new UsageError(problems);
  if (kind === 'key') return chooseKey(keyFile, retired);
  if (kind === 'kubernetes') {
    const goal = { type: 'kubernetes', serviceAccount, issuer } as const;
    const settings = { KEYCLOAK_CLIENT_TOKEN_FILE: TOKEN_FILE };
    return { goal, settings, options: undefined, part: NO_PART };
  }
  return kind === undefined
    ? undefined
    : { goal: { type: 'secret' }, settings: {}, options: undefined, part: NO_PART };
}

function isTrustedIssuer(issuer: string): boolean {
  if (!isHttpUrl(issuer) || /[?#@]/.test(issuer)) return false;
  return issuer.startsWith('https://') || networkZoneOf(new URL(issuer).hostname) === 'this-machine';
}

const KEY = { field: 'Private key', from: '', to: 'ES256, readable by you alone' };

async function chooseKey(
  keyFileFlag: string | undefined,
  retired: readonly string[],
): Promise<ChosenCredential> {
  const file = keyFileFlag ?? 'client-key.pem';
  if (keyFileFlag === undefined) assertOfFolder(file, '--key-file');
  const isThere = existsSync(file);
  const made = isThere ? undefined : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const { keys } = await createCredential({
    clientId: 'any',
    credential: made === undefined ? { keyFile: file } : { key: made },
    onNotice: false,
  })
    .publicKeys()
    .catch(() => ({ keys: [] }));
  const [publicKey] = keys;
  if (publicKey === undefined) throw new UsageError([`${file} is no private key in PEM, and no JWK`]);
  const pem = made?.export({ type: 'pkcs8', format: 'pem' }) as string;
  return {
    goal: {
      type: 'key',
      publicKey,
      existingFile: isThere && keyFileFlag === undefined ? file : undefined,
      retired,
    },
    settings: { KEYCLOAK_CLIENT_KEY_FILE: file },
    options: { keyFile: file },
    part: made === undefined ? NO_PART : await toFilePart(file, [KEY], () => pem),
  };
}

/** @param needed what else must not be left to a person: as with the credential, settings would stop whoever reads them */
export async function withCredential(
  api: AdminConnection['api'],
  client: { readonly realm: string; readonly clientId: string },
  plan: Plan,
  chosen: ChosenCredential | undefined,
  file: string | undefined,
  needed = '',
) {
  const { clientId } = client;
  const own = chosen && planCredential(await readCredential(api, client, chosen.goal), clientId, chosen.goal);
  const whole = own === undefined ? plan : joinParts([plan, own]);
  const before = chosen && own?.blocked.length === 0 ? [chosen.part] : [];
  const all = [`credential of client ${clientId}`, needed];
  const left = whole.blocked.find(({ subject }) => all.includes(subject));
  if (file === undefined || left === undefined) return { plan: whole, before, envFile: file };
  const why = `not written, because the ${left.subject} is left to you`;
  return { plan: joinParts([whole, blockedPart(file, why, 'do that, and run this again')]), before };
}

export async function sayVolume(serverUrl: string, realm: string, out: Output): Promise<void> {
  const discovery = await createIssuer({ serverUrl, realm })
    .discover()
    // A realm that is off does not say.
    .catch(() => ({ issuer: 'the issuer of the realm' }));
  out.line('In the pod: a projected volume at /var/run/secrets/keycloak with');
  out.line(
    `  serviceAccountToken: { path: token, audience: ${JSON.stringify(toPlainLine(discovery.issuer))} }`,
  );
}
