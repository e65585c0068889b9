import { isOutside, isThisMachine } from '@keycloak-guard/server/config';
import { withoutEndSlashes } from 'keycloak-guard/unstable';
import { toShellWord, toShortValue } from '../terminal/output.ts';
import { Cancelled, type Questions } from '../terminal/questions.ts';
import { nameWithTarget } from './private-file.ts';
import { UsageError } from './usage-error.ts';

/** A value that a command takes. The person's word is the plain value: a flag, a variable of the environment, a file that was named. */
export type Word = string | FromFolder;

let reveal: (word: Word) => string;

/**
 * A value of a file that nobody named, such as the `.env` of a cloned repository: the author of that folder chose it. It prints as the
 * place where it stands. A {@link Consent} alone opens it.
 */
export class FromFolder {
  readonly name: string;
  readonly file: string;
  /** The Keycloak that the same file names. */
  readonly serverUrl: string | undefined;
  readonly #value: string;

  constructor(name: string, value: string, file: string, serverUrl?: string) {
    this.name = name;
    this.file = file;
    this.serverUrl = serverUrl;
    this.#value = value;
  }

  toString(): string {
    return `(${this.name} of ${this.file})`;
  }

  toJSON(): string {
    return this.toString();
  }

  static {
    reveal = (word) => (typeof word === 'string' ? word : word.#value);
  }
}

/** Something secret that a command is about to send, and who gets it. */
export interface Sending {
  /** Where it stands: `KEYCLOAK_ADMIN_PASSWORD`, `--token -`. */
  readonly name: string;
  /** The secret, or the path of its file; `undefined`: it comes from the standard input. */
  readonly value: Word | undefined;
  readonly serverUrl: Word | undefined;
  readonly realm: Word | undefined;
  /** The user or client that it is the secret of. */
  readonly as: Word | undefined;
  /** Issuer of a token: the realm that issued it knows it. */
  readonly issuer?: string | undefined;
}

export type Words = Readonly<Record<string, Word | undefined>>;

type Opened<W extends Words> = {
  readonly [K in keyof W]: Exclude<W[K], FromFolder> | OpenedWord<W[K]>;
};
type OpenedWord<V> = FromFolder extends V ? string : never;

/** Settings that a set-up on this machine writes into `.env`, for the next command. */
const WRITTEN = new Set([
  ...['KEYCLOAK_SERVER_URL', 'KEYCLOAK_REALM', 'KEYCLOAK_CLIENT_ID', 'KEYCLOAK_CLIENT_SECRET'],
  ...['PUBLIC_URL', 'PORT'],
]);

/** What a program that is read says of its Keycloak, by the flags that say it. Its plan shows them. */
const OF_SOURCE = new Map(Object.entries({ realm: '--realm', clientId: '--client-id' }));

/** A file of the folder for the admin of this machine's Keycloak: its content is in the plan. */
const DEFAULT_FILES = new Set(['authz.json']);

/**
 * The only way from a word of a folder to its value. Nothing that is the person's (a password that was typed or is in the
 * environment, a token, a file elsewhere on the disk) leaves by such a word before the person has seen where it goes, and said yes.
 */
export type Consent = ReturnType<typeof createConsent>;

/** @param questions `undefined`: there is no terminal, so what needs a question is refused */
export function createConsent(questions: Pick<Questions, 'confirm'> | undefined) {
  const agreed = new Set<string>();
  return {
    /**
     * Opens words. Where they lead to something that is sent, the person is asked about it, once.
     *
     * @throws {UsageError} without a terminal, saying which flag to give
     * @throws {Cancelled} where the person says no
     */
    async open<W extends Words>(words: W, sendings: readonly Sending[]): Promise<Opened<W>> {
      const open = sendings.filter((one) => isPersons(one) && choicesIn(one).length > 0);
      const unconfirmed = open.filter((one) => !agreed.has(keyOf(one)));
      if (unconfirmed.length > 0) {
        const choices = unconfirmed.flatMap(choicesIn);
        const files = [...new Set(choices.map(({ file }) => file))].join(', ');
        const names = [...new Set(choices.map(({ name }) => name))].join(', ');
        if (questions === undefined) {
          const from = unconfirmed.map((one) => `${one.name} is from ${originOf(one)}`).join(', ');
          const to = [...new Set(unconfirmed.map(describe))].join(', and');
          throw new UsageError([
            `${from}, and ${names} from ${files}, a file that you did not name: it would be sent${to}. Nothing was sent.`,
            ...new Set(choices.map((one) => `If that is right, ${flagFor(one)}`)),
          ]);
        }
        const things = await Promise.all(unconfirmed.map(describeSecret));
        const what = unconfirmed.map((one, at) => `${things[at]}${describe(one)}`).join(' and ');
        if (!(await questions.confirm(`${files} chose ${names}. Send ${what}?`, false)))
          throw new Cancelled('cancelled');
        for (const one of unconfirmed) agreed.add(keyOf(one));
      }
      const entries = Object.entries(words).map(([name, word]) => [name, word && reveal(word)]);
      return Object.fromEntries(entries) as Opened<W>;
    },

    /**
     * Whether `--yes` counts for a plan: it agrees to nothing that a folder chose. At a terminal the plan is then asked about.
     *
     * @param words what the plan is made of
     * @param serverUrl where it is done
     * @returns the choices to show, for example `KEYCLOAK_REALM=shop (.env)`, and whether the plan needs no question
     * @throws {UsageError} without a terminal
     */
    judge(
      words: readonly (Word | undefined)[],
      serverUrl: Word | undefined,
      yes: boolean,
    ): { readonly chosen: readonly string[]; readonly yes: boolean } {
      const choices = words.filter(
        (word): word is FromFolder => word instanceof FromFolder && !isExempt(word, serverUrl),
      );
      const chosen = choices.map((one) => `${one.name}${showOf(one)} (${one.file})`);
      if (chosen.length === 0 || !yes) return { chosen, yes };
      if (questions !== undefined) return { chosen, yes: false };
      throw new UsageError([
        `--yes does not confirm values from a file that you did not name: ${chosen.join(', ')}. Nothing was changed.`,
        ...new Set(choices.map((one) => `If you mean it, ${flagFor(one)}`)),
      ]);
    },
  };
}

function flagFor(word: FromFolder): string {
  const { name, file } = word;
  const flag = OF_SOURCE.get(name);
  return flag === undefined
    ? `name the file: --${DEFAULT_FILES.has(name) ? 'file' : 'env'} ${file}`
    : `say it: ${flag} ${toShellWord(toShortValue(reveal(word)))}`;
}

function showOf(word: FromFolder): string {
  if (DEFAULT_FILES.has(word.name)) return '';
  const value = toAddress(reveal(word));
  return `=${isSecretSetting(word.name, value) ? '(hidden)' : toShortValue(value)}`;
}

/** Whether its name or value, a URL with credentials, says that it is secret. The path of a file is not, nor a maximum. */
export const isSecretSetting = (name: string, value = ''): boolean =>
  /^(?!.*_FILE$|MAX_).*(SECRET|PASSWORD|(TOKEN|KEY)S?$|_PASS$)/.test(name) ||
  /^[\w+.-]+:\/\/[^/@]+@/.test(value);

/** An address as it is called: letters of other scripts that look like others are shown as such (punycode), credentials are not shown. */
function toAddress(text: string): string {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return text;
  const { origin, pathname } = new URL(text);
  return origin + pathname.replace(/\/$/, '');
}

const isPersons = (one: Sending): boolean => !(one.value instanceof FromFolder) || isFileOutside(one);

/** A file of the person's that the folder picked: not even the Keycloak of this machine gets it without a question. */
const isFileOutside = ({ name, value }: Sending): boolean =>
  value instanceof FromFolder && name.endsWith('_FILE') && isOutside(value.file, reveal(value));

/** Its name; of a file elsewhere, which one: it may have the name of the application's own secret. */
const describeSecret = async (one: Sending): Promise<string> =>
  one.value !== undefined && isFileOutside(one)
    ? `${one.name} (${toShortValue(await nameWithTarget(reveal(one.value)))})`
    : one.name;

function originOf({ name, value }: Sending): string {
  if (value === undefined) return 'the standard input';
  if (value instanceof FromFolder) return 'a file outside of the folder';
  return name.startsWith('--') ? 'the command line' : 'the environment';
}

function choicesIn(sending: Sending): FromFolder[] {
  const { serverUrl, realm, as, issuer } = sending;
  const address = serverUrl && withoutEndSlashes(reveal(serverUrl));
  // Nothing can be sent to what is no address.
  if (address !== undefined && !URL.canParse(address)) return [];
  if (issuer !== undefined && issuer === `${address}/realms/${realm && reveal(realm)}`) return [];
  const isOpen = isFileOutside(sending);
  return [serverUrl, realm, as].filter(
    (word): word is FromFolder => word instanceof FromFolder && (isOpen || !isExempt(word, serverUrl)),
  );
}

/** A Keycloak of this machine that the same file names: a set-up wrote it there. Whose the admin is, no set-up writes. */
function isExempt(word: FromFolder, serverUrl: Word | undefined): boolean {
  const { name } = word;
  const [used, written, app] = [serverUrl && reveal(serverUrl), word.serverUrl, reveal(word)].map((url) =>
    url !== undefined && URL.canParse(url) ? new URL(url) : undefined,
  );
  if (used === undefined || !isThisMachine(used.hostname)) return false;
  // An application elsewhere is none of this machine's.
  if (name === 'PUBLIC_URL' && !isThisMachine(app?.hostname ?? '')) return false;
  return (
    DEFAULT_FILES.has(name) || OF_SOURCE.has(name) || (WRITTEN.has(name) && written?.origin === used.origin)
  );
}

const originOfUrl = (serverUrl: Word | undefined): string =>
  serverUrl === undefined ? '' : new URL(reveal(serverUrl)).origin;

/** For example ` to https://sso.example, realm shop, as ann`. */
function describe({ serverUrl, realm, as }: Sending): string {
  const parts = [
    ...(serverUrl === undefined ? [] : [` to ${toShortValue(originOfUrl(serverUrl))}`]),
    ...(realm === undefined ? [] : [` realm ${toShortValue(reveal(realm))}`]),
    ...(as === undefined ? [] : [` as ${toShortValue(reveal(as))}`]),
  ];
  return parts.join(',');
}

const keyOf = ({ serverUrl, realm, as }: Sending): string =>
  JSON.stringify([originOfUrl(serverUrl), realm && reveal(realm), as && reveal(as)]);
