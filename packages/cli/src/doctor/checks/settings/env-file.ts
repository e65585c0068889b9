import { stat } from 'node:fs/promises';
import { type Check, ok, skipped, warn } from '../../check.ts';

export const settingsFile: Check = {
  id: 'settings.env-file',
  needs: [],
  async run({ options }) {
    const info = await stat(options.envFile).catch(() => undefined);
    if (info === undefined)
      return skipped(`there is no ${options.envFile}; the settings come from the environment`);
    const mode = info.mode & 0o777;
    const shown = mode.toString(8).padStart(4, '0');
    // Windows has no permission bits.
    if (process.platform === 'win32' || (mode & 0o077) === 0) return ok(`${options.envFile}, mode ${shown}`);
    return warn(
      `${options.envFile}, mode ${shown}`,
      'other users of this machine can read the client secret',
      `chmod 600 ${options.envFile}`,
    );
  },
};
