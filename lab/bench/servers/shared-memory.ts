// The primary's memory, in a process of its own: `npm run bench -- by-hand` asks it.
import type { ToPrimary } from '../../../packages/server/src/workers/messages.ts';
import { unwrap, wrap } from '../../../packages/server/src/workers/messages.ts';
import { createSharedMemory } from '../../../packages/server/src/workers/shared-memory.ts';

createSharedMemory().serve({
  send: (message) => void process.send?.(wrap(message)),
  listen: (listener) =>
    process.on('message', (message) => {
      const ours = unwrap<ToPrimary>(message);
      if (ours !== undefined) listener(ours);
    }),
});
