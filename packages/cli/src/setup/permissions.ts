import {
  type AdminConnection,
  findUnknown,
  noAuthz,
  type Plan,
  planAuthz,
  readAuthz,
} from '../admin/index.ts';
import { loadAuthz } from '../authz/load-file.ts';
import { applyShown } from '../authz/sync.ts';
import type { Output } from '../terminal/output.ts';
import { toPlainLine } from '../terminal/style.ts';
import { UsageError } from '../usage-error.ts';
import type { SetupOptions } from './options.ts';
import { showSteps } from './show-plan.ts';

/** The part of setup that is about permissions. */
export interface PermissionsPart {
  readonly isEmpty: boolean;
  /** How much is left to a person. */
  readonly blocked: number;
  show(out: Output): void;
  /** Once the client is there. */
  apply(out: Output): Promise<void>;
}

/**
 * Holds the file of permissions against the client, which need not be there yet.
 *
 * @param rest what setup does beside it: roles and groups that it makes can be named in the file
 * @returns `undefined` where there is no file
 * @throws {UsageError} naming everything that is wrong with the file
 */
export async function planPermissions(
  api: AdminConnection['api'],
  { authzFile: file, realm, clientId }: Pick<SetupOptions, 'authzFile' | 'realm' | 'clientId'>,
  hasClient: boolean,
  rest: Plan,
): Promise<PermissionsPart | undefined> {
  if (file === undefined) return undefined;
  const wanted = await loadAuthz(file).catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    // It may be found by its name alone.
    throw new UsageError([
      ...error.problems,
      'where it is no file of permissions: --no-authz leaves it alone',
    ]);
  });
  const read = async (isThere: boolean) => {
    const state = isThere ? await readAuthz(api, realm, clientId) : noAuthz(realm, clientId);
    return { state, plan: planAuthz(wanted, state, false) };
  };
  const refuse = (problems: readonly string[]) => {
    if (problems.length > 0) throw new UsageError(problems.map((problem) => `${file}: ${problem}`));
  };
  const { plan } = await read(hasClient);
  refuse(plan.refused);
  if (!rest.steps.some(({ kind }) => kind === 'create')) refuse(await findUnknown(api, realm, plan));
  return {
    isEmpty: plan.steps.length === 0,
    blocked: plan.blocked.length,
    show(out) {
      out.line(`Permissions of the client ${toPlainLine(clientId)}, as in ${toPlainLine(file)}`);
      showSteps(out, plan);
    },
    async apply(out) {
      const now = await read(true);
      refuse([...now.plan.refused, ...(await findUnknown(api, realm, now.plan))]);
      await applyShown(api, now.plan.steps, wanted, now.state, out);
    },
  };
}
