import type { WorkerLink } from '../../../packages/server/src/shared/worker-link.ts';
import { openLink } from '../../../packages/server/src/workers/link.ts';
import type { Port, ToPrimary, ToWorker } from '../../../packages/server/src/workers/messages.ts';
import { createSharedMemory } from '../../../packages/server/src/workers/shared-memory.ts';
import { eventually } from '../../support/eventually.ts';

/** A primary and as many workers as are asked for, on lines that carry JSON, as those between processes do. */
export function startPrimary(): { startWorker(): Promise<WorkerLink> } {
  const memory = createSharedMemory();
  return {
    async startWorker() {
      const [up, down] = openLine();
      memory.serve(down);
      const link = openLink(up);
      await eventually('the worker knows', () => link.revocations.isCaughtUp === true);
      return link;
    },
  };
}

function openLine(): [Port<ToPrimary, ToWorker>, Port<ToWorker, ToPrimary>] {
  const atWorker: ((message: ToWorker) => void)[] = [];
  const atPrimary: ((message: ToPrimary) => void)[] = [];
  const carry = <T>(message: T, to: ((message: T) => void)[]) => {
    const text = JSON.stringify(message);
    setImmediate(() => {
      for (const listener of to) listener(JSON.parse(text));
    });
  };
  return [
    { send: (message) => carry(message, atPrimary), listen: (listener) => atWorker.push(listener) },
    { send: (message) => carry(message, atWorker), listen: (listener) => atPrimary.push(listener) },
  ];
}
