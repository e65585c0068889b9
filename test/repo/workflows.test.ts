import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { ROOT } from './source-imports.ts';

interface Job {
  readonly 'timeout-minutes'?: number;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly needs?: string;
  readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const FOLDER = join(ROOT, '.github/workflows');
const workflows = new Map(
  readdirSync(FOLDER).map((name) => [name, parse(readFileSync(join(FOLDER, name), 'utf8')) as Workflow]),
);
const commandsOf = (name: string): string =>
  Object.values(workflows.get(name)?.jobs ?? {})
    .flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []))
    .join('\n');

test('each workflow may only read, has a time limit, and runs files of this repository', () => {
  assert.ok(workflows.size >= 2);
  for (const [name, { permissions, jobs }] of workflows) {
    assert.deepEqual(permissions, { contents: 'read' }, name);
    for (const job of Object.values(jobs)) assert.ok((job['timeout-minutes'] ?? 999) <= 90, name);
    const files = commandsOf(name).match(/(?:tools\/[\w/.-]+|\.ci\/\w+)/g) ?? [];
    assert.deepEqual(
      files.filter((file) => !existsSync(join(ROOT, file))),
      [],
      name,
    );
  }
});

test('every action is pinned to a commit, and its release stands beside it', () => {
  for (const name of workflows.keys()) {
    const uses = readFileSync(join(FOLDER, name), 'utf8').match(/(?<=uses: ).+/g) ?? [];
    assert.ok(uses.length > 0, name);
    for (const action of uses)
      assert.match(action, /^[\w-]+(?:\/[\w-]+){1,2}@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, name);
  }
});

test('the one job that may publish waits for an environment, and installs and builds nothing', () => {
  const jobs = [...workflows.values()].flatMap((workflow) => Object.values(workflow.jobs));
  const mayWrite = ({ permissions = {} }: Job): string[] =>
    Object.keys(permissions).filter((name) => permissions[name] === 'write');
  const publishing = jobs.filter((job) => mayWrite(job).some((name) => name !== 'security-events'));
  assert.equal(publishing.length, 1);
  const [{ permissions, environment, needs, steps } = assert.fail()] = publishing;
  assert.deepEqual(
    [permissions, environment, needs],
    [{ contents: 'read', 'id-token': 'write' }, 'npm', 'build'],
  );
  assert.deepEqual(
    steps.flatMap(({ run }) => run ?? []),
    ['node tools/release/publish.ts'],
  );
});

test('CI runs .ci/run; a release publishes nothing until somebody adds the flag', () => {
  assert.match(commandsOf('ci.yml'), /bash \.ci\/run/);
  assert.match(commandsOf('release.yml'), /tools\/release\/publish\.ts$/m);
});

test('the site is built and not published: no job may write pages', () => {
  assert.match(commandsOf('site.yml'), /npm run docs:build$/);
  assert.doesNotMatch(readFileSync(join(FOLDER, 'site.yml'), 'utf8'), /deploy-pages|pages: write/);
});
