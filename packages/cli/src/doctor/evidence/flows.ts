import type AuthenticationExecutionInfoRepresentation from '@keycloak/keycloak-admin-client/lib/defs/authenticationExecutionInfoRepresentation.js';
import { toAdminError } from '../../admin/admin-error.ts';
import type { AdminConnection } from '../../admin/connection.ts';
import type { AdminEvidence } from './admin.ts';

export type FlowStep = AuthenticationExecutionInfoRepresentation;

export type SignInLevels = Awaited<ReturnType<typeof readSignInLevels>>;

/** Reads the levels. Changes nothing. @throws {AdminError} (rejects with one) if this admin may not look */
export async function readSignInLevels(admin: AdminEvidence, realmName: string) {
  const { api } = await admin.connection();
  const [client, realm] = [await admin.client(), await admin.realm()];
  const own = toMap(client?.attributes?.['acr.loa.map']);
  const ofRealm = toMap(realm?.attributes?.['acr.loa.map']);
  const override = client?.authenticationFlowBindingOverrides?.browser;
  const { flow, conditions } = await readFlow(api, realmName, override, realm?.browserFlow).catch(
    (error: unknown) => {
      throw toAdminError(error, 'see the flows');
    },
  );
  const mapped = own.size > 0 ? 'client' : ofRealm.size > 0 ? 'realm' : undefined;
  return {
    map: own.size > 0 ? own : ofRealm,
    mappedBy: mapped,
    defaults: String(client?.attributes?.['default.acr.values'] ?? '')
      .split('##')
      .filter(Boolean),
    flow,
    conditions: [...new Set(conditions.filter(Number.isInteger))].sort((a, b) => a - b),
    isInToken:
      (client?.defaultClientScopes ?? []).includes('acr') ||
      (client?.protocolMappers ?? []).some(({ protocolMapper }) => protocolMapper === 'oidc-acr-mapper'),
  };
}

async function readFlow(
  { authenticationManagement: flows }: AdminConnection['api'],
  realm: string,
  override: string | undefined,
  ofRealm = 'browser',
) {
  const overriding = override ? await flows.getFlow({ realm, flowId: override }) : undefined;
  const flow = overriding?.alias ?? ofRealm;
  const steps = await flows.getExecutions({ realm, flow });
  const conditions = await Promise.all(
    steps
      .filter(
        ({ providerId }, at) =>
          providerId === CONDITION && withParents(steps, at).every((one) => one.requirement !== 'DISABLED'),
      )
      .map(async ({ authenticationConfig: id }) => {
        const config = id === undefined ? undefined : await flows.getConfig({ realm, id });
        return Number(config?.config?.['loa-condition-level']);
      }),
  );
  return { flow, conditions };
}

const CONDITION = 'conditional-level-of-authentication';

/** A step and the sub-flows around it. Steps are a flat list: `level` is the depth, and a sub-flow precedes its steps. */
function withParents(steps: readonly FlowStep[], at: number): FlowStep[] {
  const step = steps[at];
  if (step === undefined) return [];
  const { level = 0 } = step;
  const parent = steps.findLastIndex((one, index) => index < at && one.level === level - 1);
  return level === 0 ? [step] : [step, ...withParents(steps, parent)];
}

function toMap(text: unknown): ReadonlyMap<string, number> {
  try {
    const map: unknown = JSON.parse(String(text));
    if (typeof map !== 'object' || map === null) return new Map();
    return new Map(Object.entries(map).map(([name, level]) => [name, Number(level)]));
  } catch {
    return new Map();
  }
}

/** The step, if any, that requires an OTP of every user: it and all sub-flows around it are required. */
export const findForcedOtp = (steps: readonly FlowStep[]): FlowStep | undefined =>
  steps.find(
    ({ providerId = '' }, at) =>
      /otp/i.test(providerId) &&
      withParents(steps, at).every(({ requirement }) => requirement === 'REQUIRED'),
  );
