/** The `dpu` manifest of a plugin's package.json: its schema, and what the operator and daemon do with it. */
export { contractVersion } from './contract-version.ts';
export {
  type DetectedDpu,
  type DetectionInput,
  type DpuSide,
  detectDpus,
  needsHardware,
  objectName,
  type PciPlace,
} from './detect.ts';
export { fillIdentifier, placeholdersOf } from './identifier.ts';
export type {
  Amounts,
  Companion,
  ContainerNeeds,
  DetectionRule,
  FilesNeed,
  HostDevice,
  HostPath,
  Json,
  PciRule,
  PluginManifest,
  PodManifest,
  PodNeeds,
  ProductManifest,
  RbacRule,
  ResourcesNeed,
  SideManifest,
} from './manifest.ts';
export { parsePluginManifest } from './parse.ts';
export { programsOf } from './programs.ts';
export { amountOf } from './quantity.ts';
export { defaultGracePeriodSeconds, podOf, type SidePod } from './side-pod.ts';
