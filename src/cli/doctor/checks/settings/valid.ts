import { ConfigError } from '../../../../service/index.ts';
import { type Check, fail, ok } from '../../check.ts';

export const settingsValid: Check = {
  id: 'settings.valid',
  needs: [],
  run({ settings, options }) {
    if (!(settings instanceof ConfigError)) {
      return ok(`${settings.serverUrl}, realm ${settings.realm}, client ${settings.clientId}`);
    }
    const { problems } = settings;
    const names = problems.map(({ name, seen }) => `${name} ${seen}`).join(' ');
    const lines = problems.map(
      ({ name, rule, example }) => `${name} ${rule}, for example ${name}=${example}`,
    );
    return fail(
      names,
      problems.length === 1
        ? 'a setting is missing or wrong'
        : `${problems.length} settings are missing or wrong`,
      `In the environment or in ${options.envFile}:\n${lines.join('\n')}\nOr let keycloak-guard setup write the file.`,
      [],
    );
  },
};
