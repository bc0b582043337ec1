/** Serves plugins. */
export { type ServePluginOptions, servePlugin } from './command/serve-plugin.ts';
export type { MetricsOptions } from './metrics/options.ts';
export { loadPlugin } from './plugin/load-plugin.ts';
export { type PluginPackage, readPluginPackage } from './plugin/plugin-package.ts';
export { requirePrograms } from './plugin/programs.ts';
export type { PluginServer, ServeOptions } from './serve.ts';
