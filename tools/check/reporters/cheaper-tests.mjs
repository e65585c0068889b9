// Loaded before each process of tests where Node does not read TypeScript itself: its node:test then follows every promise until it is
// collected, to know of which test an error is. Here nothing is followed, which takes less of the processor: an error is of
// the one test that is under way, and where there are several, of the whole file.
import hooks from 'node:async_hooks';

const { createHook, AsyncResource } = hooks;
/** Tests that began and whose promise is open. */
const underWay = new Set();
let isError = false;
/** Tells node:test of a test that was made. */
let onTest;

hooks.createHook = ({ init }) => {
  onTest = init;
  return { enable() {}, disable() {} };
};
hooks.AsyncResource = class extends AsyncResource {
  constructor(type, options) {
    super(type, options);
    if (type === 'Test') onTest?.(this.asyncId(), type, 0, this);
  }

  runInAsyncScope(...given) {
    const result = super.runInAsyncScope(...given);
    if (result instanceof Promise) {
      underWay.add(this);
      const end = () => underWay.delete(this);
      result.then(end, end);
    }
    return result;
  }
};
const { executionAsyncId } = hooks;
hooks.executionAsyncId = () => (isError ? only()?.asyncId() : undefined) ?? executionAsyncId();
// It takes all three when it is loaded. All others get Node's own.
await import('node:test');
Object.assign(hooks, { createHook, AsyncResource, executionAsyncId });

/** The test that is under way, without those that wait for it. */
function only() {
  const open = [...underWay].filter(({ finished }) => !finished);
  const waiting = new Set(open.map(({ parent, parentTest }) => parent ?? parentTest));
  const others = open.filter((test) => !waiting.has(test));
  return others.length === 1 ? others[0] : undefined;
}

const { emit } = process;
process.emit = function (name, ...given) {
  isError = name === 'uncaughtException' || name === 'unhandledRejection';
  try {
    return emit.call(this, name, ...given);
  } finally {
    isError = false;
  }
};
