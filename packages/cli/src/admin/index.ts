// All that calls Keycloak rejects with an AdminError where it does not answer, or refuses.

export { AdminError, toAdminError, trying } from './admin-error.ts';
export { applyStep } from './apply.ts';
export { applyAuthz } from './authz/apply.ts';
export { findStale, findUnknown } from './authz/checks.ts';
export { type AuthzState, noAuthz, readAuthz } from './authz/current.ts';
export { type AuthzModel, namesIn, toFile, toGroupPath } from './authz/model.ts';
export { planAuthz } from './authz/plan.ts';
export { readAuthzFile, readAuthzValue } from './authz/read-file.ts';
export { type Answer, askWhy, type Reason } from './authz/why.ts';
export {
  type Caller,
  type ClientsState,
  isDevCaller,
  NO_CALLERS,
  planCallers,
  planDevCaller,
  readClients,
  TOKEN_CALLBACK,
  toDevId,
  toServiceClient,
  toSpaClient,
} from './callers.ts';
export {
  type AdminConnection,
  type AdminCredentials,
  connectAdmin,
  findClient,
  findGroup,
  findUser,
  read,
  splitGroupPath,
  toUrlPath,
} from './connection.ts';
export {
  type CredentialGoal,
  type CredentialState,
  OWN_CLUSTER,
  planCredential,
  readCredential,
  toProvider,
} from './credential.ts';
export { type CurrentState, emptyRealm, readCurrent, readMapperTypes } from './current.ts';
export { planEvents, readEventsState } from './events.ts';
export {
  CALLBACK_PATH,
  DOCS_CALLBACK_PATH,
  type SetupGoal,
  type Shape,
  toGroupTree,
  toRealmFile,
  type UserGoal,
} from './goal.ts';
export {
  audiencesOf,
  coversUri,
  isSatisfiedBy,
  type Mapper,
  mappersOf,
  splitUris,
  toOrganizationMapper,
} from './mappers.ts';
export { type McpState, readMcp, takesDocuments } from './mcp/current.ts';
export { judgePrograms, PROGRAMS, toDefaultScope } from './mcp/goal.ts';
export { planMcp } from './mcp/plan.ts';
export { GROUPS_SCOPE, ORGANIZATION_GROUPS_SCOPE, type OrganizationClaims } from './plan/app-scope.ts';
export { makePlan } from './plan/plan.ts';
export type { Action, ActionOf, Change, Plan, PlanStep, Step } from './plan/step.ts';
export { joinParts } from './plan/step.ts';
export {
  explainExchange,
  planService,
  scopesThatBring,
} from './service.ts';
export { type OrganizationGoal, planOrganization, readOrganization } from './tenant/organization.ts';
export { BUILT_IN, clientsWithSecret, fillIn, planTenant, TEMPLATE_ATTRIBUTE } from './tenant/realm.ts';
