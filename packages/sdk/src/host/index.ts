/** Serves plugins. */
export { loadPlugin } from './load-plugin.ts';
export type { MetricsOptions } from './metrics/options.ts';
export { type PluginPackage, readPluginPackage } from './plugin-package.ts';
export { requirePrograms } from './programs.ts';
export type { PluginServer, ServeOptions } from './serve.ts';
export { type ServePluginOptions, servePlugin } from './serve-plugin.ts';
