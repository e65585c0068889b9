// Shows a run of Stryker while it goes: a line every ten seconds, and each mutant that was not killed as soon as that is known.
import { mkdirSync, writeFileSync } from 'node:fs';

const EVERY_MS = 10_000;
/** Beside the reports that Stryker writes at the end: what is known if the run never gets there. */
const FOLDER = 'reports/mutation';

/** In the terms of Stryker. */
const SKIPPED = 2;

export class ProgressReporter {
  #all = 0;
  #file = '';
  #counts = new Map();
  #started = 0;
  #timer;

  onDryRunCompleted({ result }) {
    for (const { name, status } of result.tests)
      if (status === SKIPPED) process.stdout.write(`Left out, it fails alone or is skipped: ${name}\n`);
  }

  onMutationTestingPlanReady({ mutantPlans }) {
    this.#all = mutantPlans.length;
    this.#started = performance.now();
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(`${FOLDER}/alive.txt`, '');
    this.#timer = setInterval(() => this.#show(), EVERY_MS);
    this.#timer.unref();
  }

  onMutantTested({ fileName, status, location, mutatorName, replacement }) {
    this.#file = fileName;
    this.#counts.set(status, (this.#counts.get(status) ?? 0) + 1);
    if (['Killed', 'Ignored'].includes(status)) return;
    const line = `${fileName}:${location.start.line}:${location.start.column} ${status} ${mutatorName}: ${replacement}\n`;
    writeFileSync(`${FOLDER}/alive.txt`, line, { flag: 'a' });
  }

  onMutationTestReportReady() {
    clearInterval(this.#timer);
    this.#show();
  }

  #show() {
    const done = [...this.#counts.values()].reduce((sum, one) => sum + one, 0);
    const counts = [...this.#counts].map(([status, count]) => `${count} ${status}`).join(', ');
    const seconds = Math.round((performance.now() - this.#started) / 1000);
    process.stdout.write(`${seconds} s: ${done} of ${this.#all} mutants, ${counts}; ${this.#file}\n`);
  }
}
