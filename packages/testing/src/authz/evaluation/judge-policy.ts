import type { DecisionModel, Policy } from '../model.ts';
import { isGrantedBy, isSimpleKind, isUnderstood } from './policy-kinds.ts';
import type { Question } from './subject.ts';

/** Decides on policies, on each one once per question. */
export type PolicyJudge = ReturnType<typeof createPolicyJudge>;

export function createPolicyJudge({ policies }: DecisionModel, question: Question) {
  const known = new Map<string, boolean | undefined>();

  /** `undefined` if this provider cannot decide, which denies wherever it appears. */
  function judge(id: string): boolean | undefined {
    if (known.has(id)) return known.get(id);
    // A policy that leads back to itself cannot be decided.
    known.set(id, undefined);
    const policy = policies.get(id);
    const verdict = policy && decide(policy);
    known.set(id, verdict);
    return verdict;
  }

  function decide(policy: Policy): boolean | undefined {
    if (!isUnderstood(policy) || !isReadable(policy)) return undefined;
    if (isSimpleKind(policy.type)) {
      const isGranted = isGrantedBy(policy, question);
      return isGranted === undefined ? undefined : isGranted !== policy.isNegative;
    }
    if (policy.type !== 'aggregate') return undefined;
    const verdicts = policy.policies.map(judge);
    const isGranted = verdicts.length > 0 && agree(policy, verdicts.map(Boolean));
    // Reversing a refusal that only comes from an undecided policy would admit everybody.
    if (verdicts.includes(undefined) && (!isGranted || policy.isNegative)) return undefined;
    return isGranted !== policy.isNegative;
  }

  return {
    /** The verdicts of the policies that a permission or an aggregate applies. Empty if it applies none. */
    judgeAll: (ids: readonly string[]) => ids.map((id) => judge(id) === true),
  };
}

/** False if Keycloak would not know its logic or its strategy. */
export const isReadable = ({ isNegative, strategy }: Pick<Policy, 'isNegative' | 'strategy'>): boolean =>
  isNegative !== undefined && strategy !== undefined;

/** Combines verdicts by a decision strategy. */
export function agree({ strategy }: Pick<Policy, 'strategy'>, verdicts: readonly boolean[]): boolean {
  const granted = verdicts.filter(Boolean).length;
  if (strategy === 'AFFIRMATIVE') return granted > 0;
  if (strategy === 'CONSENSUS') return granted > verdicts.length - granted;
  return granted === verdicts.length;
}
