import { createIssuer } from 'keycloak-guard';
import {
  type AdminConnection,
  applyCredentialStep,
  planCredential,
  readCredential,
} from '../../admin/index.ts';
import type { PlanPart } from '../../plan/part.ts';
import { toRealmPart } from '../../plan/realm-part.ts';
import type { Output } from '../../terminal/output.ts';
import { toPlainLine } from '../../terminal/style.ts';
import type { ChosenCredential } from './choose.ts';

/** A client's credential, as parts of a plan: the file that has to be there first, and the client itself. None if none is chosen. */
export async function planChosen(
  api: AdminConnection['api'],
  client: { readonly realm: string; readonly clientId: string },
  chosen: ChosenCredential | undefined,
  out: Output,
): Promise<{ readonly before: PlanPart[]; readonly after: PlanPart[] }> {
  if (chosen === undefined) return { before: [], after: [] };
  const plan = planCredential(await readCredential(api, client, chosen.goal), client.clientId, chosen.goal);
  const part = toRealmPart(undefined, plan, (step) => applyCredentialStep(api, client, step), out);
  return { before: plan.blocked.length > 0 ? [] : [chosen.part], after: [part] };
}

/** What Kubernetes has to sign, and for whom. */
export async function sayVolume(serverUrl: string, realm: string, out: Output): Promise<void> {
  const found = await createIssuer({ serverUrl, realm })
    .discover()
    // A realm that is off does not say.
    .catch(() => ({ issuer: 'the issuer of the realm' }));
  out.line('In the pod: a projected volume at /var/run/secrets/keycloak with');
  out.line(`  serviceAccountToken: { path: token, audience: "${toPlainLine(found.issuer)}" }`);
}
