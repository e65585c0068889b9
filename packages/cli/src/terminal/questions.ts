import { type Output, toPlainLine } from './output.ts';

/** Asks a person at a terminal. Every question rejects with {@link Cancelled} when the person gives up. */
export type Questions = Awaited<ReturnType<typeof createQuestions>>;

export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/**
 * Questions at the terminal; the library is loaded when it is needed.
 *
 * @param out its progress is removed before a question
 * @param output where the questions stand
 */
export async function createQuestions(
  out: Pick<Output, 'progress'>,
  output: NodeJS.WriteStream = process.stdout,
) {
  const prompts = await import('@clack/prompts');
  // Ctrl-D, too: otherwise the program would end as if all was done.
  prompts.updateSettings({ aliases: { '\x04': 'cancel' } });
  const answer = <T>(value: T): Exclude<T, symbol> => {
    if (prompts.isCancel(value)) throw new Cancelled('cancelled');
    return value as Exclude<T, symbol>;
  };
  const ready = (message: string) => {
    out.progress('');
    return { message: toPlainLine(message), output };
  };
  const notEmpty = (value: string | undefined) => (value ? undefined : 'Please type something');
  return {
    async text(message: string, suggestion?: string): Promise<string> {
      const how = suggestion ? { placeholder: suggestion, defaultValue: suggestion } : { validate: notEmpty };
      return answer(await prompts.text({ ...ready(message), ...how }));
    },
    async secret(message: string): Promise<string> {
      return answer(await prompts.password({ ...ready(message), validate: notEmpty }));
    },
    async confirm(message: string, suggestion = true): Promise<boolean> {
      return answer(await prompts.confirm({ ...ready(message), initialValue: suggestion }));
    },
    /** Lets the person choose by descriptions. The first option is suggested. */
    async choose(message: string, labels: Readonly<Record<string, string>>): Promise<string> {
      const options = Object.entries(labels).map(([value, label]) => ({ value, label: toPlainLine(label) }));
      return answer(await prompts.select({ ...ready(message), options }));
    },
  };
}

export async function readLines(stream: NodeJS.ReadStream): Promise<string[]> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) text += chunk;
  return text.split(/\r?\n/);
}
