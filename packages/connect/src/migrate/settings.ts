import { OPEN, UNKNOWN } from '@keycloak-guard/cli/unstable';
import { OptionsError } from 'keycloak-guard';
import { Keycloak, type KeycloakConfig } from '../index.ts';
import { AS_IT_IS, type DifferenceId, type Finding, type Verdict } from './finding.ts';

/** The drop-in's verdict on a part of an application at its start. */
export interface StartVerdict {
  /** Why the application does not start; empty if it does. */
  readonly problems: readonly string[];
  /** Options that it reports and ignores; keycloak-connect ignored them silently. */
  readonly ignored: readonly string[];
}

/** Right values, in place of those that only the running program knows. */
const SAMPLES: Readonly<Record<string, unknown>> = {
  realm: 'realm',
  resource: 'client',
  'auth-server-url': 'http://localhost:8080',
  secret: 'secret',
  store: { get() {}, set() {} },
};
const SAME: Readonly<Record<string, string>> = {
  'client-id': 'resource',
  clientId: 'resource',
  'server-url': 'auth-server-url',
  serverUrl: 'auth-server-url',
  authServerUrl: 'auth-server-url',
};

/** The verdict on `new Keycloak(options, settings)`. Asks the drop-in itself, without a call to Keycloak or a file. */
export function judgeStart(options: unknown, settings: unknown): StartVerdict {
  return ask((onNotice) => {
    new Keycloak({ ...toKnown(options), onNotice }, toSettings(settings));
  });
}

/** The verdict on `keycloak.protect(spec)` where `spec` is known. */
export function judgeSpec(spec: unknown): StartVerdict {
  if (spec === UNKNOWN) return { problems: [], ignored: [] };
  return ask((onNotice) => void new Keycloak({ onNotice }, toSettings(UNKNOWN)).protect(spec as string));
}

/** The verdict on `keycloak.enforcer(permissions, options)` of an application with this client id. */
export function judgePermissions(permissions: unknown, options: unknown, clientId: string): StartVerdict {
  const known = [permissions].flat().map((one) => (one === UNKNOWN ? 'resource' : one));
  const sample = Array.isArray(permissions) ? known : known[0];
  return ask((onNotice) => {
    const keycloak = new Keycloak({ onNotice }, { ...toSettings(UNKNOWN), resource: clientId });
    keycloak.enforcer(sample as string, toKnown(options));
  });
}

/** With every member that only the running program knows, or the environment, replaced by a right value or left out. */
function toSettings(settings: unknown): KeycloakConfig {
  const isOpen = typeof settings !== 'object' || settings === null || OPEN in settings;
  return { ...(isOpen ? SAMPLES : {}), ...toKnown(settings) } as KeycloakConfig;
}

function toKnown(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return {};
  const known = Object.entries(value).flatMap(([name, one]): [string, unknown][] => {
    const isKnown = one !== UNKNOWN && !(typeof one === 'string' && one.includes('${env.'));
    if (isKnown) return [[name, isPlain(one) ? toKnown(one) : one]];
    const sample = SAMPLES[SAME[name] ?? name];
    return sample === undefined ? [] : [[name, sample]];
  });
  return Object.fromEntries(known);
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

function ask(start: (onNotice: (notice: { code: string; message: string }) => void) => void): StartVerdict {
  const ignored: string[] = [];
  try {
    start(({ code, message }) => {
      if (code === 'setting_ignored') ignored.push(message);
    });
  } catch (error) {
    const problems =
      error instanceof OptionsError
        ? error.problems.map(({ option, rule, example }) => `${option}: ${rule} (for example ${example})`)
        : [(error as Error).message];
    return { problems, ignored };
  }
  return { problems: [], ignored };
}

/** A file with settings of an adapter. */
export interface SettingsFile {
  readonly file: string;
  readonly text: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The JSON files that are a `keycloak.json`. */
export function findSettingsFiles(files: ReadonlyMap<string, string>): SettingsFile[] {
  return [...files].flatMap(([file, text]): SettingsFile[] => {
    const settings: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isAdapterSettings(settings) ? [{ file, text, settings }] : [];
  });
}

function isAdapterSettings(settings: unknown): settings is Record<string, unknown> {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) return false;
  const has = (name: string) => Object.hasOwn(settings, name);
  return has('realm') && (has('resource') || has('auth-server-url') || has('client-id'));
}

/**
 * Finds settings that behave differently, and those with which the application does not start.
 *
 * @param isNest whether nest-keycloak-connect reads them
 */
export function findSettingsUses({ file, text, settings }: SettingsFile, isNest: boolean): Finding[] {
  const lines = text.split('\n');
  const at = (name: string) => Math.max(1, lines.findIndex((line) => line.includes(`"${name}"`)) + 1);
  const finding = (name: string, verdict: Partial<Verdict>): Finding => ({
    ...AS_IT_IS,
    ...verdict,
    file,
    line: at(name),
    use: name in settings ? `"${name}": ${quoteValue(settings[name])}` : `no "${name}"`,
  });
  const differing = (name: string, id: DifferenceId) => finding(name, { differs: [id] });
  const audience = settings['verify-token-audience'];
  // The module of Nest ignores a pinned key, and has another rule for the audience.
  const judged = isNest ? { ...settings, 'realm-public-key': undefined } : settings;
  return [
    ...judgeStart({}, judged).problems.map((problem) => {
      const name = problem.slice(0, problem.indexOf(':'));
      return finding(name, { blocked: `The drop-in refuses to start: ${problem}.` });
    }),
    ...(isNest && audience === false ? [finding('verify-token-audience', { blocked: NO_AUDIENCE })] : []),
    ...(audience === true ? [] : [differing('verify-token-audience', isNest ? 'nest-audience' : 'audience')]),
    ...('realm-public-key' in settings && !isNest ? [differing('realm-public-key', 'pinned-key')] : []),
  ];
}

/** Why the module of Nest refuses a setting that keycloak-connect's drop-in accepts. */
export const NO_AUDIENCE =
  "verify-token-audience: false accepts every token of the realm. The drop-in refuses it at the start: name the audiences, `verifier: { audience: ['my-api', 'account'] }`.";

/** Shows the values of switches only: others may be secret or long. */
const quoteValue = (value: unknown): string => (typeof value === 'boolean' ? String(value) : '…');
