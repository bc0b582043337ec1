/** The `dpu` manifest of a plugin's package.json: its schema, and what the operator and daemon do with it. */
export { contractVersion } from './contract-version.ts';
export { fillIdentifier, placeholdersOf } from './identifier.ts';
export {
  type DetectionRule,
  type PluginManifest,
  type ProductManifest,
  pluginManifest,
  type SideManifest,
} from './manifest.ts';
export { parsePluginManifest } from './parse.ts';
