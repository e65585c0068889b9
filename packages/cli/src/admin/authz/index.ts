export { applyAuthz } from './apply.ts';
export { type AuthzState, readAuthz } from './current.ts';
export type { AuthzFile } from './file.ts';
export { type AuthzModel, toFile } from './model.ts';
export { type AuthzPlan, type AuthzStep, planAuthz } from './plan.ts';
export { type ReadFile, readAuthzFile } from './read-file.ts';
export { findUnknown } from './references.ts';
export { type Answer, type AskedPermission, askWhy, type Reason } from './why.ts';
