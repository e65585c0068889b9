import { UsageError } from '../settings/usage-error.ts';
import type { Questions } from '../terminal/questions.ts';

/** Gets what a command needs to know: it is known, or a person is asked, or it is reported as missing. */
export type Need = ReturnType<typeof createNeed>;

export function createNeed(questions: Questions | undefined) {
  const problems: string[] = [];
  /** @returns an empty string if it is missing; `assertAll` then throws */
  const need = async (
    known: string | undefined,
    ask: (questions: Questions) => Promise<string>,
    missing: string,
  ) => {
    if (known !== undefined && known !== '') return known;
    if (questions !== undefined) return ask(questions);
    problems.push(missing);
    return '';
  };
  /** @throws {UsageError} naming everything that is missing */
  const assertAll = () => {
    if (problems.length > 0) throw new UsageError(problems);
  };
  return Object.assign(need, { assertAll });
}
