import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Comparison, compare } from '../comparison.ts';
import { CONTENDERS, type Contender } from '../contenders.ts';
import type { Figure } from '../figures.ts';
import type { PartOptions } from '../part-options.ts';
import { runRounds } from '../rounds.ts';
import { type Measured, summarize } from '../statistics.ts';
import { WORKLOADS } from '../workloads.ts';

const COMMAND = 'npm run bench -- observability';

/** What metrics cost, and traces of every request beside them. */
export async function observability({ quick, log }: PartOptions): Promise<Figure[]> {
  const collector = createServer((request, response) => {
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  const service = CONTENDERS.find(({ id }) => id === 'service') as Contender;
  const metrics = { ...service.env, METRICS_PORT: '0' };
  const traces = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_SERVICE_NAME: 'bench' };
  const contenders: Contender[] = [
    { ...service, id: 'plain' },
    { ...service, id: 'metrics', env: metrics },
    { ...service, id: 'traces', env: { ...metrics, ...traces } },
  ];
  try {
    const measured = summarize(
      await runRounds({
        contenders,
        workloads: WORKLOADS.filter(({ id }) => id === 'one'),
        rounds: quick ? 2 : 9,
        connections: 50,
        isQuick: quick,
        log,
      }),
    );
    const find = (id: string) => measured.find(({ contender }) => contender === id) as Measured;
    const withMetrics = compare(find('metrics'), find('plain'));
    return [
      {
        ...toFigure('service with metrics ÷ without', withMetrics),
        target: 'at least 0.9',
        isReached: withMetrics.value >= 0.9,
      },
      toFigure(
        'service with metrics, and a trace of every request sent to a collector ÷ without both',
        compare(find('traces'), find('plain')),
      ),
    ];
  } finally {
    collector.closeAllConnections();
    collector.close();
  }
}

const toFigure = (figure: string, { text, isDisturbed }: Comparison): Figure => ({
  figure,
  measured: text,
  isDisturbed,
  command: COMMAND,
});
