import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js';
import type { CurrentState } from '../current.ts';
import type { SetupGoal } from '../goal.ts';
import { isSatisfiedBy, type Mapper, toOrganizationGroupsMapper, toOrganizationMapper } from '../mappers.ts';
import {
  type AppScope,
  ORGANIZATION_SCOPE,
  organizationGroupsScope,
  organizationScope,
  toClientScope,
} from './app-scope.ts';
import { change, newPart, type Part, type Step, switchedOn, toChange } from './step.ts';

/** Keycloak before 26, or one that is started without the feature `organization`. */
export const NO_ORGANIZATIONS = { why: 'this Keycloak has no organizations', fix: 'Keycloak 26 has them' };

/** Whether the server has no such mapper, where its kinds of mapper are known. */
export const isLacking = (mapper: Mapper, types: ReadonlySet<string> | undefined): boolean =>
  types !== undefined && !types.has(mapper.protocolMapper);

/** Turns the organizations of a realm on. */
export const turnOrganizationsOn = (realm: string): Step =>
  toChange(
    `realm ${realm}`,
    [switchedOn('Organizations')],
    { type: 'update-realm', patch: { organizationsEnabled: true } },
    ['the login page of every application of the realm asks for the name first, then for the password'],
  );

/** What an API needs that reads organizations in tokens. */
export interface OrganizationPlan extends Part {
  /** Client scopes for every client of the application. */
  readonly scopes: readonly AppScope[];
  /** Those of the realm, as they are after the plan. */
  readonly known: readonly ClientScopeRepresentation[];
}

/** Turns organizations on, and completes the realm's client scope `organization`. */
export function planOrganizationClaims(current: CurrentState, goal: SetupGoal): OrganizationPlan {
  const { realm, appScopes, mapperTypes } = current;
  const part = { ...newPart(), scopes: [] as AppScope[], known: appScopes };
  const claims = goal.organizations;
  if (claims === undefined) return part;
  if (isLacking(toOrganizationMapper(), mapperTypes)) {
    part.blocked.push({ subject: `realm ${goal.realm}`, ...NO_ORGANIZATIONS });
    return part;
  }
  if (realm !== null && realm.organizationsEnabled !== true) part.steps.push(turnOrganizationsOn(goal.realm));
  // A realm that does not exist yet gets what Keycloak makes.
  const there = appScopes.find(({ name }) => name === ORGANIZATION_SCOPE);
  const scope = there ?? (realm === null ? toClientScope(organizationScope) : undefined);
  const plain = toOrganizationMapper();
  const mapper = claims.ids ? { ...plain, config: { ...plain.config, addOrganizationId: 'true' } } : plain;
  part.scopes.push({ ...organizationScope, mapper });
  part.known = [...appScopes.filter((one) => one !== there), ...(scope ? [withMapper(scope)] : [])];
  if (scope !== undefined) completeScope(scope, mapper, part, realm === null);
  const groups = toOrganizationGroupsMapper();
  if (!claims.groups || scope?.protocolMappers?.some((one) => isSatisfiedBy(one, groups))) return part;
  if (isLacking(groups, mapperTypes))
    part.blocked.push({
      subject: 'groups in organizations',
      why: 'this Keycloak has none',
      fix: 'Keycloak 26.6 has them: until then guard by roles and groups of the realm',
    });
  else part.scopes.push(organizationGroupsScope);
  return part;
}

/** Another mapper of the same claim would spoil it, so the one that is there is completed, or left to a person. */
function completeScope(
  { protocolMappers = [] }: ClientScopeRepresentation,
  mapper: Mapper,
  { steps, blocked }: Part,
  isNew: boolean,
): void {
  const subject = `client scope ${ORGANIZATION_SCOPE}`;
  const own = protocolMappers.find(({ protocolMapper }) => protocolMapper === mapper.protocolMapper);
  if (own === undefined) {
    const action = { type: 'add-scope-mapper', scope: ORGANIZATION_SCOPE, mapper } as const;
    const opens = ['tokens of every client that asks for organizations name those of the person'];
    steps.push(toChange(subject, [change('Mapper', '+ Organization Membership')], action, opens));
  } else if (!isSatisfiedBy(own, toOrganizationMapper()))
    blocked.push({
      subject,
      why: 'its mapper does not put organizations into access tokens',
      fix: `Client scopes > ${ORGANIZATION_SCOPE} > Mappers > ${own.name}: Token Claim Name organization, Add to access token ON`,
    });
  else if (mapper.config.addOrganizationId === 'true' && own.config?.addOrganizationId !== 'true') {
    const config = { ...mapper.config, ...own.config, addOrganizationId: 'true' };
    const whole = { ...mapper, config };
    const action = { type: 'set-scope-mapper', scope: ORGANIZATION_SCOPE, mapper: whole } as const;
    const opens = [
      'tokens of every client that asks for organizations have their ids: organization is an object by alias there, no list',
    ];
    steps.push(toChange(subject, [switchedOn('Add organization id')], action, isNew ? [] : opens));
  }
}

const withMapper = (scope: ClientScopeRepresentation): ClientScopeRepresentation => ({
  ...scope,
  protocolMappers: [toOrganizationMapper()],
});
