import type { Output } from '../terminal/output.ts';
import { createQuestions } from '../terminal/questions.ts';
import { isClone } from './api/next.ts';
import { KINDS } from './kinds/index.ts';
import type { SetupCall } from './old-flags.ts';

/** Flags of a run without questions. */
const UNASKED = /^(-y|--yes|--dry-run|--[a-z]+-password-stdin)$/;

/** Asks a person at the terminal for the kind of setup, unless the arguments name it. */
export async function askWhat(call: SetupCall, out: Output): Promise<SetupCall> {
  if (!call.isGuessed || process.stdin.isTTY !== true || call.args.some((one) => UNASKED.test(one)))
    return call;
  const questions = await createQuestions(out);
  const built = Object.entries(KINDS).filter(([, { asks }]) => asks !== undefined);
  // In the clone, `npm start` is the guide's service.
  if (await isClone()) built.sort(([a], [b]) => Number(b === 'guide') - Number(a === 'guide'));
  const labels = Object.fromEntries(built.map(([name, { summary }]) => [name, summary]));
  const kind = await questions.choose('What do you build?', labels);
  const args: string[] = [];
  for (const [question, suggestion, flag] of KINDS[kind]?.asks ?? []) {
    if (flag !== '' && call.args.includes(flag)) continue;
    const answer = await questions.text(question, suggestion);
    args.push(...(flag === '' ? [answer] : [flag, answer]));
  }
  return { kind, args: [...args, ...call.args] };
}
