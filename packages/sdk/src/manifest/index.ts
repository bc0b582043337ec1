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
} from './detection/detect.ts';
export { dpuWithoutCard } from './detection/dpu-without-card.ts';
export { fillIdentifier, placeholdersOf } from './detection/identifier.ts';
export { isExcludedByLabels, labelsOf, looksAtHardware, mismatch, type RuleSubject } from './detection/rule-match.ts';
export { hostApiFault, hostApiVersion } from './host-api-version.ts';
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
  PresenceRule,
  ProductManifest,
  RbacRule,
  ResourcesNeed,
  SerialManifest,
  SerialSource,
  SideManifest,
} from './manifest.ts';
export { parsePluginManifest, type ReadManifest, readPluginManifest } from './parse.ts';
export { programsOf } from './pod/programs.ts';
export { amountOf } from './pod/quantity.ts';
export { defaultGracePeriodSeconds, podOf, type SidePod } from './pod/side-pod.ts';
