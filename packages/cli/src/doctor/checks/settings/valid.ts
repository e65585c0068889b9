import { ConfigError, type SettingProblem } from '@keycloak-guard/server';
import { type Check, fail, ok } from '../../check.ts';

export const settingsValid: Check = {
  id: 'settings.valid',
  needs: [],
  run({ settings, assumed, options }) {
    if (!(settings instanceof ConfigError)) {
      const seen = `${settings.serverUrl}, realm ${settings.realm}, client ${settings.clientId}`;
      return ok(assumed.includes('KEYCLOAK_SERVER_URL') ? `none are set; as the token says: ${seen}` : seen);
    }
    const { problems } = settings;
    // The file cannot be read.
    if (problems.length === 0) return fail(options.envFile, settings.message, `chmod u+r ${options.envFile}`);
    const names = problems.map(({ name, seen }) => `${name} ${seen}`).join(' ');
    const lines = problems.map(
      ({ name, rule, example }) => `${name} ${rule}, for example ${name}=${example}`,
    );
    return fail(
      names,
      problems.length === 1
        ? `a setting is missing or wrong: ${names.replace(/\.$/, '')}`
        : `${problems.length} settings are missing or wrong: ${names.replace(/\.$/, '')}`,
      [
        `In the environment or in ${options.envFile}:`,
        ...lines,
        ...problems.flatMap(howItGotThere),
        'Or let keycloak-guard setup write the file.',
      ].join('\n'),
      [],
    );
  },
};

/** How quotes or blanks got into a value. */
function howItGotThere({ name, seen }: SettingProblem): string[] {
  if (/has quotes/.test(seen)) {
    return [
      `Quotes are a part of the value where no shell reads it: write ${name}=… without them in an --env-file of Docker, in "environment" of Compose and in a Kubernetes Secret.`,
    ];
  }
  if (/line break|spaces around/.test(seen)) {
    return [
      `A line break or a space at the end comes along from a file or from echo: make it by printf %s "$SECRET" or echo -n (kubectl create secret --from-literal, openssl base64 of printf), and look for \\r of Windows.`,
    ];
  }
  return [];
}
