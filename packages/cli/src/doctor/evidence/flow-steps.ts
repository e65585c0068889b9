import type { FlowStep } from './admin.ts';

/** The step, if any, that requires an OTP of every user: it and all sub-flows around it are required. */
export function findForcedOtp(steps: readonly FlowStep[]): FlowStep | undefined {
  return steps.find((step, index) => /otp/i.test(step.providerId ?? '') && isForced(steps, index));
}

/** Steps are a flat list: `level` is the depth, and a sub-flow precedes its steps. */
function isForced(steps: readonly FlowStep[], index: number): boolean {
  const step = steps[index];
  if (step?.requirement !== 'REQUIRED') return false;
  if ((step.level ?? 0) === 0) return true;
  const parent = steps.findLastIndex((one, at) => at < index && one.level === (step.level ?? 0) - 1);
  return isForced(steps, parent);
}
