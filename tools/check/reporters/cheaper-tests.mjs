// Loaded before each process of tests where Node does not read TypeScript itself: its node:test then follows every promise until it is
// collected, to know of which test an error is. Here each resource knows its test, which takes up to a third less of the processor.
import hooks from 'node:async_hooks';

const { createHook, executionAsyncId, executionAsyncResource } = hooks;
const TEST = Symbol('test');

hooks.createHook = ({ init }) =>
  createHook({
    init(id, type, trigger, resource) {
      const isTest = type === 'Test';
      const test = isTest ? id : executionAsyncResource()[TEST];
      if (test !== undefined) resource[TEST] = test;
      if (isTest) init(id, type, trigger, resource);
    },
  });
hooks.executionAsyncId = () => executionAsyncResource()[TEST] ?? executionAsyncId();
// It takes both when it is loaded. All others get Node's own.
await import('node:test');
Object.assign(hooks, { createHook, executionAsyncId });
