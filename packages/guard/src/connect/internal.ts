// What other rooms of this package need, and nobody else gets.
export { readSettingsFile, resolveReferences, toAdapterSettings } from './adapter-settings.ts';
