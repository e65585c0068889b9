import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { KINDS } from '../../packages/cli/src/commands/setup.ts';
import { commands } from '../../packages/cli/src/commands.ts';
import { table, toHelp } from '../../packages/cli/src/settings/options.ts';
import { runInProcess } from './support/in-process.ts';
import { MAIN, runCommand } from './support/program.ts';

async function usages(): Promise<[name: string, text: string][]> {
  const loaded = await Promise.all(
    Object.entries(commands).map(async ([name, { load }]) => {
      const { usage } = await load();
      return [name, typeof usage === 'string' ? usage : usage([])] as [string, string];
    }),
  );
  return [
    ...loaded,
    ...Object.entries(KINDS).map(([name, { usage }]) => [`setup ${name}`, usage] as [string, string]),
  ];
}

test('what a person puts in is written in one way in every --help: <name>', async () => {
  for (const [name, text] of await usages()) {
    assert.doesNotMatch(text, /--[a-z-]+[ =]\[?[A-Z]{2,}|%s|undefined/, name);
    for (const [line] of text.matchAll(/^.*$/gm)) assert.ok(line.length <= 125, `${name}: ${line}`);
  }
});

/** The flags that take an address or the name of a user, with words of each line of help about them. */
const SPELLINGS: Readonly<Record<string, RegExp>> = {
  url: /Keycloak/,
  app: /^address of (your|the) (API|application|page)/,
  running: /^check the running application/,
  'page-url': /^address of the page/,
  'redirect-uri': /^whole address/,
  'redirect-url': /^where Keycloak sends/,
  'backchannel-url': /^where Keycloak reports logouts/,
  issuer: /^kubernetes: issuer/,
  route: /^call a route/,
  origin: /^address of that page/,
  mcp: /^check an MCP server/,
  user: /user|sign in|whose/,
  'admin-user': /admin/,
};

test('a flag has one spelling and takes one kind of value in all commands', async () => {
  const values = new Map<string, string>();
  let lines = 0;
  for (const [name, text] of await usages()) {
    for (const [, flag = '', value = '', words = ''] of text.matchAll(
      /^ {2}(?:-\w, )?--([a-z-]+)(?: \[?("[^"]+"|<[^ ]+>|-)\]?)? +(\S.*)$/gm,
    )) {
      lines += 1;
      assert.equal(values.get(flag) ?? value, value, `${name}: --${flag}`);
      values.set(flag, value);
      if (/<url>|<user>/.test(value) || /^(admin-)?user$/.test(flag))
        assert.match(words, SPELLINGS[flag] ?? assert.fail(`${name}: --${flag} ${value}`), name);
    }
  }
  assert.ok(lines > 100, String(lines));
});

test('a slip of the fingers is named, with what was meant', async () => {
  for (const [args, words] of [
    [['devv'], /^keycloak-guard: there is no command 'devv'\. Did you mean dev\?\n/],
    [
      ['doctor', '--rout'],
      /^doctor: Unknown option '--rout'\. Did you mean --route\?\ndoctor: doctor --help names/,
    ],
    [
      ['authz', 'plan', '--realms'],
      /^authz: Unknown option '--realms'\. Did you mean --realm\?\nauthz: authz --help/,
    ],
    [['doctor', '--constructor'], /^doctor: Unknown option '--constructor'\n/],
    [['setup', 'api', '--role', 'a', '--role', ''], /--role is empty: is a variable not set\?\n/],
    [
      ['setup', 'tenant', 'acme', '--user', 'a', '--user', 'b'],
      /--user is there twice, with different values\n/,
    ],
    [['doctor', '--quite-different'], /^doctor: Unknown option '--quite-different'\n/],
    [
      ['token', '--username', 'ann'],
      /^keycloak-guard token: Unknown option '--username'\. Did you mean --user\?\n/,
    ],
    [
      ['token', '--for', 'orders', '--relm', 'x'],
      /^token: Unknown option '--relm'\. Did you mean --realm\?\ntoken: token --help names all options/,
    ],
    [['setup', 'web', '--app-url', 'x'], /^setup: Unknown option '--app-url'\. Did you mean --app\?\n/],
    [['setup', 'api', '--server-url', 'x'], /^setup: Unknown option '--server-url'\. Did you mean --url\?\n/],
    [['setup', 'wed'], /^setup: there is no setup 'wed'\. Did you mean web\?\nsetup: setup --help names/],
    [['authz', 'aply'], /^authz: there is no authz 'aply'\. Did you mean apply\?\n/],
  ] as const) {
    const { code, stderr } = await runInProcess(args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, words);
  }
});

test('help <command> is <command> --help', async () => {
  const help = await runInProcess(['help', 'setup', 'api']);
  assert.equal(help.code, 0);
  assert.deepEqual(help, await runInProcess(['setup', 'api', '--help']));
});

test('setup --help names every kind, and setup <kind> --help explains it alone', async () => {
  const { usage } = await (commands.setup ?? assert.fail()).load();
  assert.ok(typeof usage === 'function');
  for (const kind of Object.keys(KINDS)) {
    assert.match(usage(['--help']), new RegExp(`^  ${kind} `, 'm'));
    assert.equal(usage([kind, '--help']), KINDS[kind]?.usage);
  }
});

test('what a command does not need is not loaded: the web server, the Admin API, a parser of JavaScript', async () => {
  const env = { NODE_DEBUG: 'module', KEYCLOAK_SERVER_URL: 'http://127.0.0.1:9' };
  // What the others load, in one process.
  const parts = ['setup', 'token', 'authz'].map((name) => new URL(`${name}.js`, pathToFileURL(MAIN)));
  for (const [command, code] of [
    [[MAIN, 'doctor'], 1],
    [['--input-type=module', '-e', parts.map((part) => `import '${part}';`).join(''), 'x', '--version'], 0],
  ] as const) {
    const { ended, stderr } = runCommand([process.execPath, ...command], { env });
    assert.equal(await ended, code);
    assert.match(stderr(), /MODULE/, 'Node says what it loads');
    assert.doesNotMatch(
      stderr(),
      /node_modules\/(fastify|@microsoft|@babel|@opentelemetry)\//,
      command.join(' '),
    );
  }
});

test('the help of options is in two columns, and no line is longer than 124 characters', () => {
  const [fits, long] = ['x'.repeat(85), 'y'.repeat(86)];
  const edge = 'e'.repeat(24);
  const options = table(`
    --short | | is short
    --list a… | FIRST, SECOND | as %s
    --yes | | agrees
    --${edge} | | at the edge
    --${edge}e | | over the edge
    --fits | | ${'w'.repeat(10)} ${fits}
    --long | | ${'w'.repeat(10)} ${long} end
  `);
  const column = (text: string) => text.padEnd(28);
  const lines = [
    `${column('  --short')}is short`,
    `${column('  --list a')}as FIRST`,
    `${column('  -y, --yes')}agrees`,
    `  --${edge} at the edge`,
    `  --${edge}e`,
    `${column('')}over the edge`,
    `${column('  --fits')}${'w'.repeat(10)} ${fits}`,
    `${column('  --long')}${'w'.repeat(10)}`,
    `${column('')}${long} end`,
  ];
  assert.equal(toHelp(options), lines.join('\n'));
  assert.equal(toHelp(options, 'Options'), ['Options', ...lines].join('\n'));
  const { short, list } = options as Record<string, { readonly kind: string }>;
  assert.deepEqual([short?.kind, list?.kind], ['switch', 'list']);
});
