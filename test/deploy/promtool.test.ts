import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

// Needs promtool (Debian: prometheus): npm test -- deploy

const folder = fileURLToPath(new URL('../../deploy/observability/', import.meta.url));
const promtool = (cwd: string, ...args: string[]) =>
  execFileSync('promtool', args, { cwd, encoding: 'utf8' });

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly w: number };
  readonly targets?: readonly { readonly expr: string }[];
}

test('Prometheus takes the alert rules, and they fire when they should and not else', () => {
  assert.match(promtool(folder, 'check', 'rules', 'alerts.yaml'), /SUCCESS: 15 rules found/);
  assert.match(promtool(folder, 'test', 'rules', 'alerts.test.yaml'), /SUCCESS/);
});

test('each alert says how bad it is, what to do and where it is explained', () => {
  const rules = readFileSync(join(folder, 'alerts.yaml'), 'utf8').split('- alert: ').slice(1);
  const anchorsOf = (page: string): string[] =>
    [...readFileSync(join(folder, '../../docs', page), 'utf8').matchAll(/^## (.+)$/gm)].map(
      ([, heading = '']) => heading.toLowerCase().replaceAll(' ', '-'),
    );
  assert.equal(rules.length, 15);
  for (const rule of rules) {
    assert.match(rule, /severity: (critical|warning)/);
    assert.match(rule, /^ {10}summary: .+$/m);
    assert.match(rule, /^ {10}action: .+$/m);
    const [, page = '', anchor = ''] = /docs: docs\/(\w+\.md)#(\S+)/.exec(rule) ?? [];
    assert.ok(anchorsOf(page).includes(anchor), `${page}#${anchor}`);
  }
});

test('Prometheus understands each expression of the dashboard', (t) => {
  const { panels } = JSON.parse(readFileSync(join(folder, 'dashboard.json'), 'utf8')) as { panels: Panel[] };
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  assert.ok(panels.every(({ gridPos }) => gridPos.x + gridPos.w <= 24));
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  assert.ok(expressions.length > 25);
  // Recording rules, for promtool reads rules; Grafana puts these in before it asks.
  const rules = expressions.map((expr, i) => {
    const filled = expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$(job|instance)/g, '.*');
    return { record: `panel:${i}`, expr: filled };
  });
  const scratch = mkdtempSync(join(tmpdir(), 'keycloak-guard-dashboard-'));
  t.after(() => rmSync(scratch, { recursive: true }));
  // JSON is YAML.
  writeFileSync(join(scratch, 'rules.yaml'), JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  assert.match(promtool(scratch, 'check', 'rules', 'rules.yaml'), /SUCCESS/);
});
