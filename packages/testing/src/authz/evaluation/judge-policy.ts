import type { DecisionModel, Policy } from '../model.ts';
import { isGrantedBy, isSimpleKind, isUnderstood } from './policy-kinds.ts';
import type { Question } from './subject.ts';

/** Whether policies say yes, each judged once for a question. */
export interface PolicyJudge {
  /** Says how the policies decided that a permission (or an aggregate) applies; empty where it applies none. */
  judgeAll(ids: readonly string[]): readonly boolean[];
}

export function createPolicyJudge({ policies }: DecisionModel, question: Question): PolicyJudge {
  const known = new Map<string, boolean | undefined>();

  /** `undefined`: that cannot be told here, and denies wherever it stands. */
  function judge(id: string): boolean | undefined {
    if (known.has(id)) return known.get(id);
    // What one says that leads back to itself cannot be told either.
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
    // Turned round, a refusal only for want of knowing would let everybody in.
    if (verdicts.includes(undefined) && (!isGranted || policy.isNegative)) return undefined;
    return isGranted !== policy.isNegative;
  }

  return { judgeAll: (ids) => ids.map((id) => judge(id) === true) };
}

/** Whether its logic and its strategy are words that there are. */
export const isReadable = ({ isNegative, strategy }: Pick<Policy, 'isNegative' | 'strategy'>): boolean =>
  isNegative !== undefined && strategy !== undefined;

/** What the decision strategy of a permission or an aggregate makes of the verdicts. */
export function agree({ strategy }: Pick<Policy, 'strategy'>, verdicts: readonly boolean[]): boolean {
  const granted = verdicts.filter(Boolean).length;
  if (strategy === 'AFFIRMATIVE') return granted > 0;
  if (strategy === 'CONSENSUS') return granted > verdicts.length - granted;
  return granted === verdicts.length;
}
