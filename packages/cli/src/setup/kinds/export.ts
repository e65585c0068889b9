import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { ADDRESS_USAGE, problemsOfWrittenUrl } from '../../access/access.ts';
import { createNeed, needServerUrl } from '../../access/enter.ts';
import { toRealmFile } from '../../admin/index.ts';
import { trimUrl } from '../../keycloak/find-server.ts';
import { toFilePart } from '../../plan/part.ts';
import { runPlan } from '../../plan/run-plan.ts';
import { UsageError } from '../../settings/usage-error.ts';
import { planEnv, toSettings } from '../api/env-plan.ts';
import { completeGoal } from '../api/goal.ts';
import { readApiOptions } from '../api/options.ts';
import type { SetupKind } from '../kind.ts';
import { CODES_USAGE, toQuestions } from '../visit.ts';
import { API_USAGE, readSecrets } from './api.ts';

const usage = `keycloak-guard setup export: the same as setup guide, as a realm file

Writes a realm file for kc.sh start --import-realm, and .env with the matching secret. Keycloak is not called.

Usage: keycloak-guard setup export <file> [options]

${ADDRESS_USAGE}

${API_USAGE}

Running
  --dry-run                 print the plan and stop
  -y, --yes                 write without asking
  --overwrite-env           replace values in the file with the settings that differ
  --no-env                  write no such file

${CODES_USAGE}
`;

export const exportFile: SetupKind = {
  summary: 'the same as a realm file, without a call to Keycloak',
  usage,
  async run(args, { environment, out }) {
    const options = await readApiOptions(args, environment, { kind: 'export' });
    const [file, ...rest] = options.positionals;
    if (file === undefined || rest.length > 0)
      throw new UsageError(['setup export needs the name of one file, for example realm.json']);
    const wrong = problemsOfWrittenUrl(options.access.serverUrl);
    if (wrong.length > 0) throw new UsageError(wrong);
    if (options.credential !== undefined)
      throw new UsageError([
        'setup export writes a client with a secret: --credential is for the other kinds',
      ]);
    const questions = await toQuestions(args, out);
    const stdin = await readSecrets(options);
    const isAsked = questions !== undefined;
    const need = createNeed(questions);
    const serverUrl = await needServerUrl(options.access.serverUrl, need);
    // Nothing is called, so the guide's names do no harm.
    const wanted = await completeGoal(
      { ...options, yes: options.yes || !isAsked },
      stdin,
      need,
      isAsked,
      serverUrl,
    );
    need.assertAll();
    if (wanted.user !== undefined && wanted.user.password === undefined) {
      throw new UsageError([
        'a user in a realm file needs a password: set SETUP_PASSWORD, or use --user-password-stdin',
      ]);
    }
    const secret = wanted.clientSecret ?? randomBytes(24).toString('base64url');
    const goal = { ...wanted, clientSecret: secret };
    const settings = toSettings(trimUrl(serverUrl), goal, secret);
    const isThere = existsSync(file);
    const change = { field: 'Realm', from: '', to: `${goal.realm}, with the client ${goal.clientId}` };
    const toContent = () => `${JSON.stringify(toRealmFile(goal), null, 2)}\n`;
    const parts = [
      await toFilePart(file, [change], toContent, { isNew: !isThere, holds: 'holds the secret; ' }),
      await planEnv(options.envFile, options, settings, async () => settings, out, questions),
    ];
    if (isThere && !options.yes && !isAsked)
      throw new UsageError([`${file} is there already: give --yes to replace it`]);
    const run = { dryRun: options.dryRun, yes: options.yes || !isAsked };
    const { what, code } = await runPlan(parts, run, out, questions);
    if (what === 'applied')
      out.line('Import it: copy it into data/import/ of Keycloak, then kc.sh start-dev --import-realm');
    return code;
  },
};
