import type { DifferenceId, Finding } from './finding.ts';

/** Finds settings in a `keycloak.json` that behave differently. */
export function findSettingsUses(file: string, text: string): Finding[] {
  let settings: Record<string, unknown>;
  try {
    settings = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return [];
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) return [];
  const isAdapterFile =
    'realm' in settings &&
    ('resource' in settings || 'auth-server-url' in settings || 'client-id' in settings);
  if (!isAdapterFile) return [];
  const lines = text.split('\n');
  const at = (name: string) => Math.max(1, lines.findIndex((line) => line.includes(`"${name}"`)) + 1);
  const finding = (name: string, differs: readonly DifferenceId[], native: string | null): Finding => ({
    file,
    line: at(name),
    use: name in settings ? `"${name}": ${shown(name, settings[name])}` : `no "${name}"`,
    dropIn: null,
    native,
    differs,
    blocked: null,
  });
  return [
    ...(settings['verify-token-audience'] === true
      ? []
      : [finding('verify-token-audience', ['audience'], 'audience')]),
    ...('realm-public-key' in settings ? [finding('realm-public-key', ['pinned-key'], null)] : []),
  ];
}

/** Shows the values of switches only: others may be secret or long. */
function shown(name: string, value: unknown): string {
  return typeof value === 'boolean' && name !== '' ? String(value) : '…';
}
