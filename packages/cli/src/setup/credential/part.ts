import { createIssuer } from 'keycloak-guard';
import { type AdminConnection, type Plan, planCredential, readCredential } from '../../admin/index.ts';
import type { PlanPart } from '../../plan/part.ts';
import type { Output } from '../../terminal/output.ts';
import { toPlainLine } from '../../terminal/style.ts';
import type { ChosenCredential } from './choose.ts';

/** Adds the credential of the client to a plan, with the key file that must exist first. */
export async function withCredential(
  api: AdminConnection['api'],
  client: { readonly realm: string; readonly clientId: string },
  plan: Plan,
  chosen: ChosenCredential | undefined,
): Promise<{ readonly plan: Plan; readonly before: readonly PlanPart[] }> {
  if (chosen === undefined) return { plan, before: [] };
  const own = planCredential(await readCredential(api, client, chosen.goal), client.clientId, chosen.goal);
  const all = {
    steps: [...plan.steps, ...own.steps],
    kept: [...plan.kept, ...own.kept],
    blocked: [...plan.blocked, ...own.blocked],
  };
  return { plan: all, before: own.blocked.length > 0 ? [] : [chosen.part] };
}

/** Says which token Kubernetes must issue to the pod. */
export async function sayVolume(serverUrl: string, realm: string, out: Output): Promise<void> {
  const found = await createIssuer({ serverUrl, realm })
    .discover()
    // A realm that is off does not say.
    .catch(() => ({ issuer: 'the issuer of the realm' }));
  out.line('In the pod: a projected volume at /var/run/secrets/keycloak with');
  out.line(`  serviceAccountToken: { path: token, audience: "${toPlainLine(found.issuer)}" }`);
}
