import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { compare } from '../comparison.ts';
import { CONTENDERS, type Contender } from '../contenders.ts';
import { compareCopies, copiesOf } from '../copies.ts';
import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { runRounds } from '../rounds.ts';
import { type Measured, summarize } from '../statistics.ts';
import { WORKLOADS } from '../workloads.ts';

const COMMAND = 'npm run bench -- observability';

const TENTH = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' };

/** What metrics cost, and traces of every request, and of every tenth. */
export async function observability({ quick, log }: PartOptions): Promise<Figure[]> {
  const collector = createServer((request, response) => {
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  const service = CONTENDERS.find(({ id }) => id === 'service') as Contender;
  const metrics = { ...service.env, METRICS_PORT: '0' };
  const traces = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_SERVICE_NAME: 'bench' };
  const metered: Contender = { ...service, id: 'metrics', env: metrics };
  const plain: Contender = { ...service, id: 'plain' };
  const options = {
    workloads: WORKLOADS.filter(({ id }) => id === 'one'),
    ...{ rounds: quick ? 2 : 7, connections: 50, isQuick: quick, log },
  };
  try {
    const copies = await runRounds({ ...options, contenders: copiesOf([plain, metered]) });
    const traced: Contender = { ...service, id: 'traces', env: { ...service.env, ...traces } };
    const sampled: Contender = { ...traced, id: 'sampled', env: { ...traced.env, ...TENTH } };
    const measured = summarize(await runRounds({ ...options, contenders: [plain, traced, sampled] }));
    const find = (id: string) => measured.find(({ contender }) => contender === id) as Measured;
    const toFigure = (figure: string, id: string): Figure => {
      const { text, isDisturbed } = compare(find(id), find('plain'));
      return { figure, measured: text, isDisturbed, command: COMMAND };
    };
    return [
      {
        figure: 'service with metrics ÷ without',
        ...compareCopies(copies, { ours: 'metrics', theirs: 'plain', least: 0.97 }),
        command: COMMAND,
      },
      toFigure('service with a trace of every request, sent to a collector ÷ without', 'traces'),
      toFigure('service with a trace of every tenth request ÷ without', 'sampled'),
    ];
  } finally {
    collector.closeAllConnections();
    collector.close();
  }
}
