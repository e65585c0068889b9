import type { FlowStep } from './admin.ts';

/** The step that asks everybody for an OTP, if there is one: required, in sub-flows that are all required. */
export function findForcedOtp(steps: readonly FlowStep[]): FlowStep | undefined {
  return steps.find((step, index) => /otp/i.test(step.providerId ?? '') && isForced(steps, index));
}

/** Steps come as a list; `level` says how deep each is, and a sub-flow stands before its steps. */
function isForced(steps: readonly FlowStep[], index: number): boolean {
  const step = steps[index];
  if (step?.requirement !== 'REQUIRED') return false;
  if ((step.level ?? 0) === 0) return true;
  const parent = steps.findLastIndex((one, at) => at < index && one.level === (step.level ?? 0) - 1);
  return isForced(steps, parent);
}
