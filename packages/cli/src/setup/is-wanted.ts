import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';

/** Whether a plan that was shown is to be applied: said before, or asked of whoever is here. Says why not. */
export async function isWanted(
  isSaid: boolean,
  out: Output,
  questions: Questions | undefined,
  ask: (questions: Questions) => Promise<boolean>,
): Promise<boolean> {
  if (isSaid) return true;
  if (questions === undefined) {
    out.line('Nothing was changed: nobody is here to say yes. Run it again with --yes.');
    return false;
  }
  if (await ask(questions)) return true;
  out.line('Nothing was changed.');
  return false;
}
