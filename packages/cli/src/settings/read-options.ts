import { readSettings, type Setting, type Settings, withKeycloakJson } from './env-file.ts';
import type { Consent, Sending, Word } from './from-folder.ts';
import { type Flags, type Options, type Parsing, parseOptions } from './options.ts';

/** The options of a run, before a word of a file that nobody named is opened. */
export type Reading<O extends Options = Options> = Awaited<ReturnType<typeof readOptions<O>>>;

/**
 * Reads flags, the environment and the file with the settings; the first that has a word counts. Passwords are never flags: other
 * users of the machine see those.
 *
 * @param consent with it, the `keycloak.json` that the settings name is read, too
 * @throws {UsageError} naming the argument that is wrong
 */
export async function readOptions<O extends Options>(
  args: readonly string[],
  options: O,
  environment: NodeJS.ProcessEnv,
  { consent, ...parsing }: Parsing & { readonly consent?: Consent } = {},
) {
  const { flags, positionals } = parseOptions(args, options, parsing);
  const { env, 'no-env': hasNone } = flags as { readonly env?: string; readonly 'no-env'?: boolean };
  const envFile = hasNone ? undefined : (env ?? '.env');
  const own = await readSettings(environment, envFile, env !== undefined);
  const settings = consent === undefined ? own : await withKeycloakJson(own, consent);
  return {
    flags,
    positionals,
    /** `undefined`: none. */
    envFile,
    isEnvNamed: env !== undefined,
    settings,
    ...createReader(options, flags, settings),
  };
}

/** Reads by the table: an option's flag, or else its settings. */
export function createReader<O extends Options>(options: O, flags: Flags<O>, settings: Settings) {
  const settingOf = (name: keyof O): Setting | undefined => settings.find(...(options[name]?.settings ?? []));
  return {
    word: (name: keyof O): Word | undefined => (flags[name] as string | undefined) ?? settingOf(name)?.value,
    /** @param name a switch that reads a password from the standard input: then the value is `undefined` */
    secret: (name: keyof O & string): Pick<Sending, 'name' | 'value'> | undefined =>
      flags[name] ? { name: `--${name}`, value: undefined } : settingOf(name),
  };
}
