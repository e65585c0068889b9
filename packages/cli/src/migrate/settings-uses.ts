import { AS_IT_IS, type DifferenceId, type Finding, type Verdict } from './finding.ts';
import { judgeStart } from './start-verdict.ts';

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
    use: name in settings ? `"${name}": ${shown(settings[name])}` : `no "${name}"`,
  });
  const differing = (name: string, id: DifferenceId, more: Partial<Verdict> = {}) =>
    finding(name, { differs: [id], ...more });
  const audience = settings['verify-token-audience'];
  // The module of Nest ignores a pinned key, and has another rule for the audience.
  const judged = isNest ? { ...settings, 'realm-public-key': undefined } : settings;
  return [
    ...judgeStart({}, judged).problems.map((problem) => {
      const name = problem.slice(0, problem.indexOf(':'));
      return finding(name, { blocked: `The drop-in refuses to start: ${problem}.` });
    }),
    ...(isNest && audience === false ? [finding('verify-token-audience', { blocked: NO_AUDIENCE })] : []),
    ...(audience === true
      ? []
      : [differing('verify-token-audience', isNest ? 'nest-audience' : 'audience', { native: 'audience' })]),
    ...('realm-public-key' in settings && !isNest ? [differing('realm-public-key', 'pinned-key')] : []),
  ];
}

/** Why the module of Nest refuses a setting that keycloak-connect's drop-in accepts. */
export const NO_AUDIENCE =
  "verify-token-audience: false accepts every token of the realm. The drop-in refuses it at the start: name the audiences, `verifier: { audience: ['my-api', 'account'] }`.";

/** Shows the values of switches only: others may be secret or long. */
const shown = (value: unknown): string => (typeof value === 'boolean' ? String(value) : '…');
