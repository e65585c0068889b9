import type { Setting } from '../../packages/server/src/config/setting.ts';
import { SETTINGS } from '../../packages/server/src/config/settings.ts';

const entries = Object.entries(SETTINGS) as [string, Setting][];
const isRequired = (setting: Setting): boolean => setting.default === undefined && !setting.optional;

/** `.env.example`: what must be set stands ready, the rest is commented out with its default. */
export function envExample(): string {
  const blocks = entries.map(([name, setting]) => {
    const text = wrap(setting.description.replaceAll('`', '')).map((line) => `# ${line}`);
    const value = setting.default ?? setting.example;
    return [...text, `${isRequired(setting) ? '' : '# '}${name}=${value}`].join('\n');
  });
  return ['# Copy to .env and fill in. Explained in docs/settings.md', ...blocks].join('\n\n').concat('\n');
}

/** `docs/settings.md` */
export function settingsPage(): string {
  const rows = entries.map(([name, setting]) => {
    const state = isRequired(setting)
      ? '**required**'
      : setting.default
        ? `\`${setting.default}\``
        : 'not set';
    const rule = setting.rule.replace(/^must be (?:a whole number from )?/, '');
    const example = setting.example === setting.default ? '' : ` Example: \`${setting.example}\``;
    const text = `${setting.description} Rule: ${rule}.${example}`;
    return `| \`${name}\` | ${state} | ${text.replaceAll('|', '\\|')} |`;
  });
  const json = entries.filter(([, { json }]) => json).map(([name, s]) => `| \`${s.json}\` | \`${name}\` |`);
  return `# Settings

<!-- Written by \`npm run docs\` from packages/server/src/config/settings.ts. Do not edit. -->

Settings are read from the environment, then from \`.env\` in the working directory, then from the file that
\`KEYCLOAK_CONFIG_FILE\` names. The first that has a setting wins; an empty value counts as not set. Mistakes are
reported together at the start, each with rule and example; exit code 2.

A \`.env\` that nobody named (\`serve --env <file>\`) does not decide where a credential goes that is not its own: where it names address,
realm or client, a file outside of its folder stops the start, and so does a secret of the environment, unless Keycloak is on this
machine. Beside another machine's Keycloak in the environment, it chooses nothing but realm, client, \`PORT\`, \`LOG_LEVEL\` and a Redis of this machine.

| setting | default | meaning |
|---|---|---|
${rows.join('\n')}

## From keycloak.json

Keycloak's admin console exports a client as \`keycloak.json\` (Clients > the client > Action > Download adapter
config). With \`KEYCLOAK_CONFIG_FILE=./keycloak.json\` these keys are read:

| key | setting |
|---|---|
${json.join('\n')}
`;
}

function wrap(text: string): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last.length + word.length > 98) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
