export { applyAuthz } from './apply.ts';
export { type AuthzState, noAuthz, readAuthz } from './current.ts';
export { type AuthzModel, namesIn, toFile } from './model.ts';
export { type AuthzPlan, type AuthzStep, DEFAULTS, planAuthz } from './plan.ts';
export { type ReadFile, readAuthzFile, readAuthzValue } from './read-file.ts';
export { findUnknown } from './references.ts';
export { findStale } from './stale.ts';
export { type Answer, type AskedPermission, askWhy, type Reason } from './why.ts';
