import {
  type AdminConnection,
  applyAuthz,
  findUnknown,
  noAuthz,
  type Plan,
  planAuthz,
  readAuthz,
  type SetupGoal,
} from '../../admin/index.ts';
import { loadAuthz } from '../../authz/load-file.ts';
import type { PlanPart } from '../../plan/part.ts';
import { toPart } from '../../plan/realm-part.ts';
import { UsageError } from '../../settings/usage-error.ts';

/**
 * Compares the file of permissions with the client, which need not exist yet.
 *
 * @param rest what setup does beside it: roles and groups that it makes can be named in the file
 * @returns nothing without a file
 * @throws {UsageError} naming everything that is wrong with the file
 */
export async function planPermissions(
  api: AdminConnection['api'],
  file: string | undefined,
  { realm, clientId }: Pick<SetupGoal, 'realm' | 'clientId'>,
  hasClient: boolean,
  rest: Plan,
): Promise<PlanPart[]> {
  if (file === undefined) return [];
  const wanted = await loadAuthz(file);
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
  const title = `Permissions of the client ${clientId}, as in ${file}`;
  return [
    toPart(title, plan, async function* () {
      // The client exists now.
      const now = await read(true);
      refuse([...now.plan.refused, ...(await findUnknown(api, realm, now.plan))]);
      yield* applyAuthz(api, now.plan.steps, wanted, now.state);
    }),
  ];
}
