import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import {
  type AppScope,
  audienceScopeOf,
  GROUPS_SCOPE,
  groupsScope,
  ownScopeOf,
  planAppScopes,
  toAppClient,
} from '../plan/app-scope.ts';
import { audiencesOf } from '../plan/audiences.ts';
import { completeClient, createClient, type WantedClient } from '../plan/complete-client.ts';
import { type Blocked, blockedPart, type Plan, type Step } from '../plan/step.ts';
import type { CallersState } from './current.ts';
import type { Caller, CallersGoal } from './goal.ts';

/**
 * Clients that call an API: made or completed where that is wanted, and with the client scopes of the application: its audience, its
 * groups and the scopes that its own client has.
 */
export function planCallers(state: CallersState, goal: CallersGoal): Plan {
  if (state.api === undefined) {
    const why = 'there is no such client, so no token can name it';
    return blockedPart(`client ${goal.clientId}`, why, 'Look at --client-id, or run setup api first');
  }
  const callers = [...new Map(goal.callers.map((one) => [one.clientId, one])).values()];
  const blocked = callers.flatMap((caller) => blocksOf(caller, state));
  const good = callers.filter(({ clientId }) =>
    blocked.every(({ subject }) => subject !== `client ${clientId}`),
  );
  const made = good.flatMap(({ clientId, wanted }): Step[] => {
    const there = state.callers.get(clientId);
    if (wanted === undefined) return [];
    return there === undefined ? [createClient(wanted)] : completeClient(there.client, wanted);
  });
  const scopes = planAppScopes(
    scopesOf(state, goal.clientId),
    state.scopes,
    good.map(({ clientId }) => {
      const there = state.callers.get(clientId);
      const client = toAppClient(there?.client ?? { clientId }, there?.mappers ?? [], there === undefined);
      return { ...client, askable: there?.askable };
    }),
  );
  const steps = [...made, ...scopes.steps];
  const touched = new Set(steps.map(({ subject }) => subject));
  const kept = good.map(({ clientId }) => `client ${clientId}`).filter((subject) => !touched.has(subject));
  return { steps, kept, blocked: [...blocked, ...scopes.blocked] };
}

/**
 * The client scopes that an API's client shares with those that call it. What brings it tokens for another API (`setup service`) is
 * its own affair.
 */
function scopesOf({ api, scopes, usual }: CallersState, clientId: string): AppScope[] {
  const own = (api?.optionalClientScopes ?? []).filter((name) => {
    const there = scopes.find((one) => one.name === name);
    return !usual.includes(name) && audiencesOf(there?.protocolMappers).length === 0;
  });
  return [
    audienceScopeOf(clientId),
    ...(api?.defaultClientScopes?.includes(GROUPS_SCOPE) ? [groupsScope] : []),
    ...own.map(ownScopeOf),
  ];
}

function blocksOf({ clientId, wanted }: Caller, { callers }: CallersState): Blocked[] {
  const there = callers.get(clientId)?.client;
  const subject = `client ${clientId}`;
  if (there === undefined && wanted !== undefined) return [];
  const why = there === undefined ? 'there is no such client' : whyNoTokens(there);
  if (why !== undefined) return [{ subject, why, fix: 'Look at the client ids of the callers' }];
  return wanted === undefined || there === undefined ? [] : differentKind(there, wanted, subject);
}

function whyNoTokens({ bearerOnly, protocol }: ClientRepresentation): string | undefined {
  if (bearerOnly) return 'it is bearer-only: no tokens are issued to it';
  return protocol === undefined || protocol === 'openid-connect' ? undefined : `it speaks ${protocol}`;
}

function differentKind(there: ClientRepresentation, wanted: WantedClient, subject: string): Blocked[] {
  if (Boolean(there.publicClient) === wanted.publicClient) return [];
  const why = wanted.publicClient
    ? 'it has a secret, and a page cannot keep one: it is the client of something else'
    : 'it is a public client: it has no secret, and is the client of something else';
  return [{ subject, why, fix: 'choose another client id' }];
}
