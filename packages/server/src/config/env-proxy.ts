/**
 * Whether Node.js sends its calls through the proxy that the environment names: `NODE_USE_ENV_PROXY=1`, or the flag
 * `--use-env-proxy`.
 */
export function usesEnvProxy(
  env: Readonly<Record<string, string | undefined>>,
  flags = process.execArgv,
): boolean {
  const { NODE_USE_ENV_PROXY, NODE_OPTIONS = '' } = env;
  return NODE_USE_ENV_PROXY === '1' || [...NODE_OPTIONS.split(' '), ...flags].includes('--use-env-proxy');
}
