// Every template as it would be written, in a folder of this repository: it finds the packages that are installed here, and
// those that were built. That they install in a folder of their own: npm run test:create.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { check } from 'prettier';
import { compose } from '../../packages/create/src/compose.ts';
import { FRAMEWORK_NAMES } from '../../packages/create/src/frameworks.ts';
import { type Choice, findConflict } from '../../packages/create/src/options.ts';
import { RANGES } from '../../packages/create/src/versions.ts';
import { ROOT } from '../repo/source-imports.ts';
import { startTestIdp, testKeys } from '../support/dev-idp.ts';

const FOLDER = join(ROOT, 'node_modules/.cache', `create-${process.pid}`);
const TEMPLATES = join(ROOT, 'packages/create/dist/templates');

const CHOICES: readonly Choice[] = FRAMEWORK_NAMES.flatMap((framework) =>
  (['bearer', 'browser'] as const).flatMap((login) =>
    (['ts', 'js'] as const).map((language) => ({
      ...{ name: `${framework}-${login}-${language}`, framework, login, language },
    })),
  ),
).filter((choice) => findConflict(choice) === undefined);

const sources = { templates: TEMPLATES, own: () => '^0.1.0', random: (bytes: number) => 'r'.repeat(bytes) };
/** What is there with `--deploy` alone: nothing else of a JavaScript program is other than in TypeScript. */
const DEPLOYED = CHOICES.filter(({ language }) => language === 'ts').map(
  (choice): Choice => ({ ...choice, name: `${choice.name}-deployed`, deploy: ['kubernetes', 'compose'] }),
);
const composed = new Map([...CHOICES, ...DEPLOYED].map((choice) => [choice, compose(choice, sources)]));
const textOf = (choice: Choice, file: string): string =>
  composed.get(choice)?.get(file) ?? assert.fail(`${choice.name} has no ${file}`);

before(() => {
  for (const [{ name }, files] of composed)
    for (const [path, text] of files) {
      const file = join(FOLDER, name, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
});
after(() => rmSync(FOLDER, { recursive: true, force: true }));

/** Whether all that the template needs is installed here: Next.js, Vite and Jest are not. */
const isHere = (choice: Choice): boolean => {
  const { dependencies, devDependencies } = JSON.parse(textOf(choice, 'package.json'));
  const ours = /keycloak-guard|^(tsx|typescript)$/;
  return Object.keys({ ...dependencies, ...devDependencies })
    .filter((name) => !ours.test(name))
    .every((name) => existsSync(join(ROOT, 'node_modules', name)));
};
const here = CHOICES.filter(isHere);

test('there is a template for every choice', () => {
  // Six frameworks with two ways to sign in, four with none, in two languages each; Nest has one language.
  assert.equal(CHOICES.length, 6 * 2 * 2 + 4 * 2 - 2);
  assert.ok(here.length >= 20);
});

test('every template is formatted as this repository is, in both languages', async () => {
  // Many have a file in common.
  const seen = new Set<string>();
  for (const choice of [...CHOICES, ...DEPLOYED])
    for (const [path, text] of compose({ ...choice, name: 'a-shop' }, sources)) {
      if (!/\.[jt]sx?$/.test(path) || seen.has(`${path}\n${text}`)) continue;
      seen.add(`${path}\n${text}`);
      const style = { printWidth: 110, singleQuote: true, filepath: path };
      assert.ok(await check(text, style), `${choice.name}/${path}\n${text}`);
    }
});

test('nothing of a template is left: no mark, no name of a value, no name of the example', () => {
  for (const [{ name }, files] of composed)
    for (const [path, text] of files) {
      assert.doesNotMatch(text, /\{\{[\w-]+\}\}|#(?:if|else|endif)\b|my-app/, `${name}/${path}`);
      assert.doesNotMatch(text, /\n\n\n|^\n|[ \t]\n/, `${name}/${path}`);
    }
});

test('every file that a file of a template imports is there', () => {
  let count = 0;
  for (const [{ name }, files] of composed)
    for (const [path, text] of files)
      for (const [, wanted = ''] of text.matchAll(/(?:from|import\() ?'(\.[^']*)'/g)) {
        const at = join(dirname(path), wanted);
        const names = ['', '.ts', '.tsx', '.js', '/index.ts'].map((end) => at + end);
        // Nest is compiled to CommonJS, and names what it will be.
        const found = [...names, at.replace(/\.js$/, '.ts')].some((one) => files.has(one));
        assert.ok(found, `${name}/${path} imports ${wanted}`);
        count++;
      }
  assert.ok(count > 100);
});

test('secrets of the realm file are made at random, and stand in no file that others read', () => {
  const counted = new Map<string, number>();
  let made = 0;
  const random = () => `secret-${made++}`;
  for (const [path, text] of compose(CHOICES[0] as Choice, { ...sources, random }))
    counted.set(path, text.match(/secret-\d/g)?.length ?? 0);
  assert.deepEqual(
    [...counted].filter(([, count]) => count > 0),
    [['realm.json', 3]],
  );
  for (const choice of CHOICES) {
    const [git, docker] = ['.gitignore', '.dockerignore'].map((file) => textOf(choice, file).split('\n'));
    // What setup writes, and what people put beside it.
    for (const file of ['.env', '.env.*', 'client-key.pem']) {
      assert.ok(git?.includes(file) && docker?.includes(file), `${choice.name}: ${file}`);
    }
    assert.ok(git?.includes('!.env.example') && docker?.includes('realm.json'), choice.name);
  }
});

test('the people of a fresh application may sign out everywhere', async (t) => {
  // Most have the same realm, but for the name.
  const seen = new Set<string>();
  for (const choice of CHOICES.filter(({ login }) => login === 'browser')) {
    const realm = textOf(choice, 'realm.json').replaceAll(choice.name, 'a-shop');
    if (seen.has(realm)) continue;
    seen.add(realm);
    const idp = await startTestIdp({ realm: JSON.parse(textOf(choice, 'realm.json')) });
    t.after(() => idp.close());
    const token = await idp.issueToken({ username: 'ann', clientId: choice.name });
    const answer = await fetch(`${idp.issuer}/account/sessions?current=false`, {
      ...{ method: 'DELETE', headers: { authorization: `Bearer ${token}`, accept: 'application/json' } },
    });
    assert.equal(answer.status, 204, choice.name);
  }
});

test('only a program that browsers sign in to is set up with an address for back-channel logouts', () => {
  for (const choice of CHOICES) {
    const hasLogin = choice.login === 'browser' || choice.framework === 'service';
    assert.equal(textOf(choice, 'README.md').includes('setup guide'), hasLogin, choice.name);
  }
});

test('a program takes every credential that setup writes into .env, in development the secret of the provider', async (t) => {
  const files = CHOICES.flatMap((choice) =>
    ['src/settings.js', 'lib/settings.js']
      .filter((file) => composed.get(choice)?.has(file))
      .map((file) => join(FOLDER, choice.name, file)),
  );
  assert.ok(files.length >= 12);
  const names = ['SECRET', 'KEY_FILE', 'TOKEN_FILE'].map((name) => `KEYCLOAK_CLIENT_${name}`);
  t.after(() => {
    for (const name of names) delete process.env[name];
  });
  for (const file of files) {
    const { readSettings } = await import(pathToFileURL(file).href);
    const read = (...values: string[]) => {
      for (const [at, name] of names.entries()) process.env[name] = values[at] ?? '';
      const { clientSecret, credential } = readSettings().keycloak;
      return credential ?? clientSecret;
    };
    assert.equal(read('of-a-client'), 'of-a-client', file);
    assert.deepEqual(read('', 'client-key.pem'), { keyFile: 'client-key.pem' }, file);
    assert.deepEqual(read('', '', '/run/token'), { tokenFile: '/run/token' }, file);
    // `keycloak-guard dev` sets the secret; the key is for another Keycloak.
    assert.equal(read('of-the-provider', 'client-key.pem'), 'of-the-provider', file);
  }
  const [nest, express] = (['nest', 'express'] as const).map((framework) =>
    CHOICES.find((one) => one.framework === framework && one.login === 'bearer' && one.language === 'ts'),
  ) as [Choice, Choice];
  assert.equal(textOf(nest, 'src/settings.ts'), textOf(express, 'src/settings.ts'));
});

test('versions are those that this repository has', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const [name, range] of Object.entries(RANGES))
    if (name in devDependencies) assert.equal(range, devDependencies[name], name);
});

test('their types are right', () => {
  const typed = [...here, ...DEPLOYED.filter(isHere)].filter(({ language }) => language === 'ts');
  assert.ok(typed.length >= 20);
  // With the same options all are one program: each alone would read what the others of its framework do. `npm run test:create`
  // asks of each alone.
  const [config = ''] = new Set(typed.map((choice) => textOf(choice, 'tsconfig.json')));
  for (const choice of typed) assert.equal(textOf(choice, 'tsconfig.json'), config, choice.name);
  const { include, compilerOptions } = JSON.parse(config);
  const places = typed.flatMap(({ name }) => include.map((place: string) => `${name}/${place}`));
  writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: places }));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '--singleThreaded', '-p', FOLDER], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout);
});

test('a program is the same in both languages, without types: no mark asks for one', () => {
  for (const file of readdirSync(join(TEMPLATES, 'ts'), { recursive: true, encoding: 'utf8' }))
    if (/\.tsx?$/.test(file))
      assert.doesNotMatch(readFileSync(join(TEMPLATES, 'ts', file), 'utf8'), /#if.*\b(?:ts|js)\b/, file);
});

// In TypeScript they are the same programs, whose types are right. `npm run test:create` runs each alone, as its user does.
test('the tests of the programs in JavaScript pass', () => {
  const files = here
    .filter(({ language }) => language === 'js')
    .map((choice) => {
      const { scripts } = JSON.parse(textOf(choice, 'package.json'));
      assert.equal(scripts.test, 'node --test test/app.test.js', choice.name);
      const text = textOf(choice, 'test/app.test.js');
      assert.ok(text.includes("'realm.json'"), choice.name);
      const file = join(FOLDER, choice.name, 'test/app.test.js');
      writeFileSync(
        file,
        text
          .replaceAll("'realm.json'", "new URL('../realm.json', import.meta.url).pathname")
          // One set for all: making them takes longer than the tests.
          .replace('startDevIdp({', 'startDevIdp({ keys: globalThis.keys,'),
      );
      return file;
    });
  assert.ok(files.length >= 10);
  writeFileSync(join(FOLDER, 'keys.mjs'), `globalThis.keys = ${JSON.stringify(testKeys())};\n`);
  const together = join(FOLDER, 'together.mjs');
  writeFileSync(
    together,
    ['./keys.mjs', ...files.map((file) => pathToFileURL(file).href)]
      .map((one) => `import '${one}';\n`)
      .join(''),
  );
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, [together], { cwd: FOLDER, env, encoding: 'utf8' });
  assert.equal(status, 0, stdout);
  assert.ok(Number(/^. pass (\d+)$/m.exec(stdout)?.[1]) > 3 * files.length, stdout);
});
