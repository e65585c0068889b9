const LOOK_MS = 500;

/**
 * Ends this process as SIGTERM does when the script of npm in which it runs is over. npm passes SIGTERM to its shell alone, and
 * a shell that ends passes nothing on: provider and application would go on without anybody who knows of them.
 */
export function endWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, LOOK_MS);
  timer.unref();
}
