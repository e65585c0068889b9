import type { Output } from './output.ts';
import { toPlainText } from './style.ts';

/** Asks a person at a terminal. Every question rejects with {@link Cancelled} when the person gives up. */
export interface Questions {
  text(message: string, suggestion?: string): Promise<string>;
  /** Does not show the input. */
  secret(message: string): Promise<string>;
  confirm(message: string, suggestion?: boolean): Promise<boolean>;
  /** Lets the person choose by descriptions. The first option is suggested. */
  choose(message: string, options: Readonly<Record<string, string>>): Promise<string>;
}

/** The person pressed Ctrl+C. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/**
 * Questions at the terminal; the library is loaded when it is needed.
 *
 * @param out its progress is removed before a question
 */
export async function createQuestions(out: Pick<Output, 'progress'>): Promise<Questions> {
  const prompts = await import('@clack/prompts');
  const answer = <T>(value: T): Exclude<T, symbol> => {
    if (prompts.isCancel(value)) throw new Cancelled('cancelled');
    return value as Exclude<T, symbol>;
  };
  const ready = (message: string): { message: string } => {
    out.progress('');
    return { message: toPlainText(message) };
  };
  const notEmpty = (value: string | undefined) => (value ? undefined : 'Please type something');
  return {
    async text(message, suggestion) {
      if (suggestion === undefined)
        return answer(await prompts.text({ ...ready(message), validate: notEmpty }));
      return answer(
        await prompts.text({ ...ready(message), placeholder: suggestion, defaultValue: suggestion }),
      );
    },
    async secret(message) {
      return answer(await prompts.password({ ...ready(message), validate: notEmpty }));
    },
    async confirm(message, suggestion = true) {
      return answer(await prompts.confirm({ ...ready(message), initialValue: suggestion }));
    },
    async choose(message, given) {
      const options = Object.entries(given).map(([value, label]) => ({ value, label }));
      return answer(await prompts.select({ ...ready(message), options }));
    },
  };
}

/** The lines of standard input, for `--…-stdin` options. */
export async function readLines(stream: NodeJS.ReadStream): Promise<string[]> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) text += chunk;
  return text.split(/\r?\n/);
}
