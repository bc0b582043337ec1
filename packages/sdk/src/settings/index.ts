/** A plugin's settings, checked by the JSON schema in its manifest: the same for operator, plugin host and tools. */
export { requireSettingsSchema, validateSettings } from './validate.ts';
