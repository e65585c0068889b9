export { AdminError, type AdminErrorKind, toAdminError, trying } from './admin-error.ts';
export { applyStep } from './apply.ts';
export {
  type Answer,
  type AuthzModel,
  type AuthzPlan,
  type AuthzState,
  applyAuthz,
  askWhy,
  DEFAULTS,
  findStale,
  findUnknown,
  namesIn,
  noAuthz,
  planAuthz,
  type Reason,
  readAuthz,
  readAuthzFile,
  readAuthzValue,
  toFile,
} from './authz/index.ts';
export { type CallersState, readCallers } from './callers/current.ts';
export type { Caller, CallersGoal } from './callers/goal.ts';
export { planCallers } from './callers/plan.ts';
export { toServiceClient } from './callers/service.ts';
export { toSpaClient } from './callers/spa.ts';
export {
  type AdminConnection,
  type AdminCredentials,
  type AdminOptions,
  connectAdmin,
} from './connection.ts';
export { readCredential } from './credential/current.ts';
export { AUTHENTICATORS, type CredentialGoal, OWN_CLUSTER } from './credential/goal.ts';
export { planCredential } from './credential/plan.ts';
export { type CurrentState, readCurrent } from './current.ts';
export { type EventsGoal, readEventsState } from './events/current.ts';
export { planEvents } from './events/plan.ts';
export {
  CALLBACK_PATH,
  DOCS_CALLBACK_PATH,
  NEEDED_SCOPES,
  type SetupGoal,
  type Shape,
  type UserGoal,
} from './goal.ts';
export { findClient, findGroup, findUser } from './look-up.ts';
export { type McpState, readMcp } from './mcp/current.ts';
export { takesDocuments } from './mcp/documents.ts';
export { type McpGoal, toDefaultScope } from './mcp/goal.ts';
export { planMcp } from './mcp/plan.ts';
export { judgePrograms, PROGRAMS } from './mcp/programs.ts';
export { audiencesOf } from './plan/audiences.ts';
export { makePlan } from './plan/plan.ts';
export type { Action, Blocked, Change, Plan, Step } from './plan/step.ts';
export { coversUri, splitUris } from './plan/uris.ts';
export { toRealmFile } from './realm-file.ts';
export { readService, scopesThatBring } from './service/current.ts';
export { planService } from './service/plan.ts';
export { type ExchangeFinding, explainExchange } from './service/why.ts';
export {
  type OrganizationGoal,
  planOrganization,
  readOrganization,
} from './tenant/organization.ts';
export { clientsWithSecret, fillIn, planTenant, TEMPLATE_ATTRIBUTE } from './tenant/realm.ts';
