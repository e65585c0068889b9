import { OptionsError } from 'keycloak-guard';
import { Keycloak, type KeycloakConfig } from 'keycloak-guard/connect';
import { OPEN, UNKNOWN } from '../source/evaluate.ts';

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
  const asked = [permissions].flat().map((one) => (one === UNKNOWN ? 'resource' : one));
  const wanted = Array.isArray(permissions) ? asked : asked[0];
  return ask((onNotice) => {
    const keycloak = new Keycloak({ onNotice }, { ...toSettings(UNKNOWN), resource: clientId });
    keycloak.enforcer(wanted as string, toKnown(options));
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
