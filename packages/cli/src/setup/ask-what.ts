import type { Output } from '../terminal/output.ts';
import { createQuestions } from '../terminal/questions.ts';
import { isClone } from './api/next.ts';
import { KINDS } from './kinds/index.ts';

/** Flags of a run without questions. */
const UNASKED = /^(-y|--yes|--dry-run|--[a-z]+-password-stdin)$/;

/** A call of `setup`: the kind, and its arguments. */
export interface SetupCall {
  readonly kind: string;
  readonly args: string[];
}

/** The kind that the first argument names. If it names none, a person at the terminal is asked; elsewhere it is `guide`. */
export async function askWhat(given: string[], out: Output): Promise<SetupCall> {
  const [first = '', ...rest] = given;
  if (Object.hasOwn(KINDS, first)) return { kind: first, args: rest };
  if (process.stdin.isTTY !== true || given.some((one) => UNASKED.test(one)))
    return { kind: 'guide', args: given };
  const questions = await createQuestions(out);
  const built = Object.entries(KINDS).filter(([, { asks }]) => asks !== undefined);
  // In the clone, `npm start` is the guide's service.
  if (await isClone()) built.sort(([a], [b]) => Number(b === 'guide') - Number(a === 'guide'));
  const labels = Object.fromEntries(built.map(([name, { summary }]) => [name, summary]));
  const kind = await questions.choose('What do you build?', labels);
  const args: string[] = [];
  for (const [question, suggestion, flag] of KINDS[kind]?.asks ?? []) {
    if (flag !== '' && given.includes(flag)) continue;
    const answer = await questions.text(question, suggestion);
    args.push(...(flag === '' ? [answer] : [flag, answer]));
  }
  return { kind, args: [...args, ...given] };
}
