import type { DecisionModel, Policy } from '../model.ts';
import { isGrantedBy, isSimpleKind, isUnderstood } from './policy-kinds.ts';
import type { Question } from './subject.ts';

/** Whether policies say yes, each judged once for a question. */
export interface PolicyJudge {
  /** Says how the policies decided that a permission (or an aggregate) applies; empty where it applies none. */
  judgeAll(ids: readonly string[]): readonly boolean[];
}

export function createPolicyJudge({ policies }: DecisionModel, question: Question): PolicyJudge {
  const known = new Map<string, boolean>();

  function judge(id: string): boolean {
    const before = known.get(id);
    if (before !== undefined) return before;
    // One that leads back to itself denies.
    known.set(id, false);
    const policy = policies.get(id);
    const verdict = policy !== undefined && decide(policy);
    known.set(id, verdict);
    return verdict;
  }

  /** What is not understood denies, whatever its logic. */
  function decide(policy: Policy): boolean {
    if (!isUnderstood(policy)) return false;
    if (isSimpleKind(policy.type)) return isGrantedBy(policy, question) !== policy.isNegative;
    if (policy.type !== 'aggregate') return false;
    const verdicts = policy.policies.map(judge);
    const isGranted = verdicts.length > 0 && agree(policy, verdicts);
    return isGranted !== policy.isNegative;
  }

  return { judgeAll: (ids) => ids.map(judge) };
}

/** What the decision strategy of a permission or an aggregate makes of the verdicts. */
export function agree({ strategy }: Pick<Policy, 'strategy'>, verdicts: readonly boolean[]): boolean {
  const granted = verdicts.filter(Boolean).length;
  if (strategy === 'AFFIRMATIVE') return granted > 0;
  if (strategy === 'CONSENSUS') return granted > verdicts.length - granted;
  return granted === verdicts.length;
}
