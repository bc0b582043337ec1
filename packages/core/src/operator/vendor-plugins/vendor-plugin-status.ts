/** What a VendorPlugin's status says. */
import { cutText } from '@dpu-operator/sdk/cut-text';
import type { PluginManifest, ReadManifest } from '@dpu-operator/sdk/manifest';
import { type ConditionInput, setCondition } from '../../api/fields/conditions.ts';
import type { VendorPlugin, VendorPluginRelease, VendorPluginStatus } from '../../api/kinds/vendor-plugin.ts';
import { checkManifest, checkPackageManifest } from '../../plugins/lookup/manifest.ts';
import { asksOf } from './pod-asks.ts';
import { questionOf } from './vendor-plugin-plan.ts';

type Failure = NonNullable<VendorPluginStatus['failures']>[number];

/** Conditions of a VendorPlugin that tell of lookups: how far it has come to the DPUs is told by another controller. */
export const ownConditions: readonly string[] = ['Ready', 'VersionsReady'];

/** What became of the lookup of one version. */
export type Outcome = { release: VendorPluginRelease } | { failure: Failure };

/** By releases as the cache has them, which nobody changes: a manifest is read once, not at each reconcile. */
const manifests = new WeakMap<VendorPluginRelease, { manifest: ReadManifest | undefined }>();

/** The release's manifest, where this operator can use it. */
export function usableManifest(release: VendorPluginRelease): ReadManifest | undefined {
  const before = manifests.get(release);
  if (before) return before.manifest;
  const manifest = readManifest(release);
  manifests.set(release, { manifest });
  return manifest;
}

function readManifest(release: VendorPluginRelease): ReadManifest | undefined {
  try {
    const check = release.package === undefined ? checkManifest : checkPackageManifest;
    return check(release.manifest);
  } catch {
    return undefined;
  }
}

/**
 * The status after some lookups. While a version that is wanted cannot be had, everything that was found before stays:
 * the DPUs go on with what they run.
 */
export function nextStatus(
  plugin: VendorPlugin,
  wanted: readonly string[],
  outcomes: readonly Outcome[],
  now: Date = new Date(),
): VendorPluginStatus {
  const known = (plugin.status?.releases ?? []).filter((release) => usableManifest(release) !== undefined);
  const releases = new Map(known.map((release) => [release.requested, release]));
  const failures = new Map((plugin.status?.failures ?? []).map((failure) => [failure.requested, failure]));
  for (const outcome of outcomes) {
    if ('release' in outcome) {
      releases.set(outcome.release.requested, outcome.release);
      failures.delete(outcome.release.requested);
    } else failures.set(outcome.failure.requested, outcome.failure);
  }
  for (const requested of failures.keys()) if (!wanted.includes(requested)) failures.delete(requested);
  if (failures.size === 0) {
    for (const requested of releases.keys()) if (!wanted.includes(requested)) releases.delete(requested);
  }
  const { spec, status } = plugin;
  const own = releases.get(spec.version) ?? releases.get(status?.requested ?? '');
  const read = own && usableManifest(own);
  const { generation, refresh } = questionOf(plugin);
  return {
    conditions: conditions(plugin, wanted, failures, own, read?.passedOver ?? [], now),
    ...(own && ownFields(own, read?.manifest)),
    ...approvedOf(plugin, own, read?.manifest),
    releases: [...releases.values()],
    failures: [...failures.values()],
    lookup: { generation, ...(refresh !== undefined && { refresh }) },
  };
}

/** Stays when that version cannot be had any more. */
function approvedOf(
  { status }: VendorPlugin,
  own: VendorPluginRelease | undefined,
  manifest: PluginManifest | undefined,
): Pick<VendorPluginStatus, 'approved'> {
  if (manifest && own?.version !== undefined) return { approved: { version: own.version, pod: manifest.pod } };
  return status?.approved ? { approved: status.approved } : {};
}

function ownFields(own: VendorPluginRelease, manifest: PluginManifest | undefined): Partial<VendorPluginStatus> {
  return {
    requested: own.requested,
    ...(own.version && { version: own.version }),
    ...(own.integrity && { integrity: own.integrity }),
    ...(manifest && {
      products: manifest.products.map(({ name }) => name),
      asks: asksOf(manifest),
    }),
  };
}

function conditions(
  plugin: VendorPlugin,
  wanted: readonly string[],
  failures: ReadonlyMap<string, Failure>,
  own: VendorPluginRelease | undefined,
  passedOver: readonly string[],
  now: Date,
): VendorPluginStatus['conditions'] {
  const inputs = [ready(failures.get(plugin.spec.version), own, passedOver)];
  const asked = wanted.filter((requested) => requested !== plugin.spec.version);
  if (asked.length > 0) inputs.push(versionsReady(asked, failures));
  const observedGeneration = plugin.metadata.generation;
  const current = plugin.status?.conditions?.filter(({ type }) => inputs.some((input) => input.type === type));
  return [
    ...(inputs.reduce(
      (all, input) => setCondition(all, { ...input, message: cutText(input.message, 32_768), observedGeneration }, now),
      current as ReturnType<typeof setCondition> | undefined,
    ) ?? []),
  ];
}

function ready(
  failure: Failure | undefined,
  own: VendorPluginRelease | undefined,
  passedOver: readonly string[],
): ConditionInput {
  const type = 'Ready';
  if (failure) {
    const kept = own ? `; ${own.version ? `version ${own.version}` : own.image} stays in use` : '';
    return { type, status: 'False', reason: failure.reason, message: `${failure.message}${kept}` };
  }
  if (!own) return { type, status: 'False', reason: 'LookingUp', message: 'its version is being looked up' };
  const message = `${whatIs(own)}${passesOver(passedOver)}`;
  return { type, status: 'True', reason: own.version ? 'Found' : 'Declared', message };
}

function whatIs({ package: packageName, version, registry, lock, image, architectures }: VendorPluginRelease): string {
  if (packageName) return `version ${version}${registry ? ` from ${registry}` : ''}, locked in ConfigMap ${lock}`;
  return `image ${image}${architectures ? `, for ${architectures.join(' and ')}` : ''}`;
}

function passesOver(fields: readonly string[]): string {
  if (fields.length === 0) return '';
  return `; this operator does not know ${fields.join(', ')} and does without, a newer one heeds it`;
}

function versionsReady(asked: readonly string[], failures: ReadonlyMap<string, Failure>): ConditionInput {
  const type = 'VersionsReady';
  const failed = asked.flatMap((requested) => failures.get(requested) ?? []);
  const [first] = failed;
  if (!first) {
    return { type, status: 'True', reason: 'Found', message: `DataProcessingUnitConfigs ask for ${asked.join(', ')}` };
  }
  return { type, status: 'False', reason: first.reason, message: failed.map(({ message }) => message).join('; ') };
}
