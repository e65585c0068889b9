// Known vulnerabilities of the packages that users get: npx tsx tools/check/audit.ts
//
// Exit code 0: none. 1: some, or nothing is known because the registry has no such list; `-- --unreachable-ok` lets the
// latter pass, and says so.
import { spawnSync } from 'node:child_process';

interface Report {
  error?: { code?: string; summary?: string };
  message?: string;
  metadata?: { vulnerabilities: Record<string, number>; dependencies: { prod: number } };
}

const { stdout } = spawnSync('npm', ['audit', '--omit', 'dev', '--json'], { encoding: 'utf8' });
const report = parse(stdout);
if (report.metadata === undefined) {
  const why = report.error?.summary || report.message || report.error?.code || 'no answer';
  process.stdout.write(
    `NOT REACHABLE: the registry gave no list of vulnerabilities (${why}). Nothing was checked.\n`,
  );
  process.exitCode = process.argv.includes('--unreachable-ok') ? 0 : 1;
} else {
  const { vulnerabilities, dependencies } = report.metadata;
  const { total = 0, ...bySeverity } = vulnerabilities;
  process.stdout.write(`${total} known vulnerabilities in ${dependencies.prod} packages that users get.\n`);
  if (total > 0) {
    process.stdout.write(`${JSON.stringify(bySeverity)}\nWhich: npm audit --omit dev\n`);
    process.exitCode = 1;
  }
}

function parse(text: string): Report {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return {};
  }
}
