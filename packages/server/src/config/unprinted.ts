import { inspect } from 'node:util';

/**
 * The same object; printing it, or writing it as JSON, hides its secrets, because settings end up in logs. A copy of
 * it (`{ ...settings }`) is an object like any other.
 */
export function withSecretsUnprinted<T extends object>(settings: T, secrets: readonly (keyof T)[]): T {
  const show = () => {
    const hidden = secrets.filter((name) => settings[name] !== undefined).map((name) => [name, '***']);
    return { ...settings, ...Object.fromEntries(hidden) };
  };
  return Object.defineProperties(settings, { toJSON: { value: show }, [inspect.custom]: { value: show } });
}
