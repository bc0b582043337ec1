/** Everything a vendor needs to write a plugin. */
export * from './contract.ts';
export * from './errors.ts';
export { contractVersion } from './manifest/contract-version.ts';
export { fillIdentifier, placeholdersOf } from './manifest/identifier.ts';
export {
  type DetectionRule,
  type PluginManifest,
  type ProductManifest,
  pluginManifest,
  type SideManifest,
} from './manifest/manifest.ts';
export { parsePluginManifest } from './manifest/parse.ts';
