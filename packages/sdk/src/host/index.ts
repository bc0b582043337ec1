/** Serves plugins. */
export { type PluginPackage, readPluginPackage } from './plugin-package.ts';
export type { PluginServer } from './serve.ts';
export { type ServePluginOptions, servePlugin } from './serve-plugin.ts';
export { validateSettings } from './settings.ts';
