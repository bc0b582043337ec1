/** The `dpu` manifest of a plugin's package.json: its schema, and what the operator and daemon do with it. */
export { contractVersion } from './contract-version.ts';
export {
  type DetectedDpu,
  type DetectionInput,
  type DpuSide,
  detectDpus,
  needsHardware,
  needsVpd,
  objectName,
  type PciPlace,
} from './detect.ts';
export { hostApiFault, hostApiVersion } from './host-api-version.ts';
export { fillIdentifier, placeholdersOf } from './identifier.ts';
export type {
  DetectionRule,
  HostPath,
  Json,
  PciRule,
  PluginManifest,
  PresenceRule,
  PrivilegesManifest,
  ProductManifest,
  SerialManifest,
  SerialSource,
  SideManifest,
} from './manifest.ts';
export { parsePluginManifest } from './parse.ts';
export { programsOf } from './programs.ts';
export { isExcludedByLabels, labelsOf, looksAtHardware, mismatch, type RuleSubject } from './rule-match.ts';
