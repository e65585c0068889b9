// A reporter of node:test that lists the files in which something failed, a line each.
export default async function* failedFiles(events) {
  const files = new Set();
  for await (const { type, data } of events) {
    if (type === 'test:fail' && data.todo === undefined && data.file !== undefined) files.add(data.file);
  }
  for (const file of files) yield `${file}\n`;
}
