// Shared between the rooms of this package, not exported from it.
export { readSettingsFile, resolveReferences, toAdapterSettings } from './adapter-settings.ts';
