import { randomUUID } from 'node:crypto';
import type AdminClient from '@keycloak/keycloak-admin-client';
import { readSwitches, toResourceBody } from './bodies.ts';
import type { AuthzState } from './current.ts';
import type { Item } from './model.ts';
import type { AuthzStep } from './plan.ts';

/** Larger batches are slower: for each new resource, Keycloak searches all that it has just created. */
const AT_ONCE = 25;

/** A step that makes a resource. */
export function isNewResource({ kind, action }: AuthzStep): boolean {
  return kind === 'create' && action.type === 'put' && action.section === 'resources';
}

/** What such a step makes. */
export function itemOf({ action }: AuthzStep): Item {
  if (action.type !== 'put') throw new TypeError('makes nothing');
  return action.item;
}

/** Steps in their order: new resources as many as go at once, everything else alone. */
export function inBatches(steps: readonly AuthzStep[]): AuthzStep[][] {
  const batches: AuthzStep[][] = [];
  for (const step of steps) {
    const last = batches.at(-1);
    const goesOn = last?.[0] !== undefined && isNewResource(last[0]) && isNewResource(step);
    if (goesOn && last.length < AT_ONCE) last.push(step);
    else batches.push([step]);
  }
  return batches;
}

/**
 * Creates resources with one call: all of them, or none. We choose the ids: so Keycloak finds them faster, and its cache stays
 * right. An import resets omitted switches to their defaults, so it names the current ones.
 */
export async function importResources(
  api: AdminClient,
  state: AuthzState,
  items: readonly Item[],
): Promise<void> {
  const made = items.map((item) => ({ ...toResourceBody(item, state), _id: randomUUID() }));
  const switches = await readSwitches(api, state);
  await api.clients.importResource({ realm: state.realm, id: state.clientUuid }, {
    ...switches,
    resources: made,
  } as never);
  for (const { _id, name } of made as { _id: string; name: string }[]) state.ids.resources.set(name, _id);
}
