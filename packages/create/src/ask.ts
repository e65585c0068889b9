import { cancel, confirm, intro, isCancel, select, text, updateSettings } from '@clack/prompts';
import { FRAMEWORK_NAMES, FRAMEWORKS, type FrameworkName } from './frameworks.ts';
import { type Choice, findNameProblem, type Options, questionsFor, toName } from './options.ts';

/** The person gave up. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** Asks all that the options leave open. @throws {Cancelled} */
export async function ask(options: Options): Promise<{ folder: string; choice: Partial<Choice> }> {
  // Ctrl-D, too: otherwise the program would end as if all was done.
  updateSettings({ aliases: { '\x04': 'cancel' } });
  intro('keycloak-guard');
  const folder = options.folder ?? (await askText('Folder', 'my-app', (text) => toName(text) !== ''));
  const name = options.choice.name ?? (await askName(folder));
  const titles = FRAMEWORK_NAMES.map((one) => [one, FRAMEWORKS[one].title]);
  const framework =
    options.choice.framework ??
    (await askOne<FrameworkName>('What do you build?', Object.fromEntries(titles)));
  const choice: Partial<Choice> = { ...options.choice, name, framework };
  const open = questionsFor(choice);
  const login = open.login ? { login: await askLogin() } : {};
  const language = open.language ? { language: await askLanguage() } : {};
  return { folder, choice: { ...choice, ...login, ...language } };
}

/** Only where the folder's own name cannot be one. */
async function askName(folder: string): Promise<string> {
  const name = toName(folder);
  if (findNameProblem(name) === undefined) return name;
  return askText('Name', 'my-app', (text) => findNameProblem(text) ?? true);
}

/** One of several, by what each means. */
const askOne = <T extends string>(message: string, labels: Readonly<Record<T, string>>): Promise<T> => {
  const options = (Object.entries(labels) as [T, string][]).map(([value, label]) => ({ value, label }));
  return answer(select<T>({ message, options: options as never }));
};

const askLogin = () =>
  askOne<Choice['login']>('Who calls it?', {
    bearer: 'Programs and pages, with a token',
    browser: 'People with the browser, too: sign-in, session, sign-out',
  });

const askLanguage = () =>
  askOne<Choice['language']>('In which language?', { ts: 'TypeScript', js: 'JavaScript' });

/** Whether to write into a folder that is not empty; no, unless the person says so. @throws {Cancelled} */
export const askOverwrite = (folder: string): Promise<boolean> =>
  answer(
    confirm({
      message: `${folder} is not empty. Replace files of the same names there?`,
      initialValue: false,
    }),
  );

/** @param check returns `true`, or the mistake in an answer */
function askText(message: string, suggestion: string, check: (text: string) => string | boolean) {
  return answer(
    text({
      message,
      placeholder: suggestion,
      defaultValue: suggestion,
      validate(value) {
        const result = value ? check(value) : true;
        if (result === true) return undefined;
        return result || 'A name has letters or digits';
      },
    }),
  );
}

async function answer<T>(question: Promise<T>): Promise<Exclude<T, symbol>> {
  const value = await question;
  if (!isCancel(value)) return value as Exclude<T, symbol>;
  cancel('Nothing was made.');
  throw new Cancelled('cancelled');
}
