// A reporter of node:test that ends the process with the first test that fails.
export default async function* firstFailure(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:fail' || data.skip !== undefined || data.todo !== undefined) continue;
    yield `${data.name}\n`;
    setImmediate(() => process.exit(1));
    return;
  }
}
