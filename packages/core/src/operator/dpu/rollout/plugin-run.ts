import { type DpuSide, podOf, type SidePod } from '@dpu-operator/sdk/manifest';
import { omitUndefined } from '@dpu-operator/sdk/wire';
import type { PluginRun, RunPod } from '../../../api/fields/plugin-run.ts';
import type { PodOverlay } from '../../../api/fields/pod-overlay.ts';
import { type ImageMirror, mirrored } from '../../../plugins/image/mirror.ts';
import type { PluginRelease } from '../../../plugins/release.ts';
import { hashOf } from '../../shared/canonical-json.ts';

/** What a DataProcessingUnitConfig adds to a release. */
export interface Wishes {
  settings: Record<string, unknown>;
  /** Name of the Secret that the plugin reads. */
  secret?: string | undefined;
  /** Name of the ConfigMap that the plugin reads. */
  configMap?: string | undefined;
}

/** By release, then by all else that a run is made from: one object for all DPUs of a fleet that are to run the same. */
const runs = new WeakMap<PluginRelease, Map<string, PluginRun>>();
const mostRuns = 1_000;

/** A release with settings, and all that its pod is made from: nothing of it changes when the release is found anew. */
export function pluginRun(
  release: PluginRelease,
  side: DpuSide,
  wishes: Wishes,
  vspImage: string,
  mirrors: readonly ImageMirror[] = [],
): PluginRun {
  const known = runs.get(release) ?? new Map<string, PluginRun>();
  runs.set(release, known);
  const key = JSON.stringify([side, wishes, vspImage, mirrors]);
  const before = known.get(key);
  if (before) return before;
  const run = makeRun(release, side, wishes, vspImage, mirrors);
  if (known.size >= mostRuns) known.clear();
  known.set(key, run);
  return run;
}

function makeRun(
  release: PluginRelease,
  side: DpuSide,
  { settings, secret, configMap }: Wishes,
  vspImage: string,
  mirrors: readonly ImageMirror[],
): PluginRun {
  const { source, manifest, overlay } = release;
  const { disturbsTraffic } = manifest;
  const image = release.image ? mirrored(release.image, mirrors) : vspImage;
  const run = {
    name: release.plugin,
    products: manifest.products.map(({ name }) => name),
    version: release.version ?? image,
    image,
    ...(release.askedFor && { askedFor: release.askedFor }),
    ...(source.kind === 'builtin' && { directory: source.directory }),
    ...(source.kind === 'npm' && {
      package: source.packageName,
      integrity: source.integrity,
      lock: source.lock,
      ...(source.registry && { registry: source.registry }),
      ...(source.credentialsSecret && { credentialsSecret: source.credentialsSecret }),
    }),
    disturbsTraffic: Array.isArray(disturbsTraffic) ? disturbsTraffic.includes(side) : disturbsTraffic,
    pod: withImages(podOf(manifest, side), overlay, mirrors),
    ...(overlay && { overlay }),
    ...(secret !== undefined && { secret }),
    ...(configMap !== undefined && { configMap }),
    settings,
  };
  // Where it was taken from, and by what words, is of no matter to what runs. A lock that was lost is made anew, and names what
  // made it.
  const { registry: _, credentialsSecret: _secret, lock: _lock, askedFor: _words, ...made } = run;
  return { ...run, digest: hashOf(made) };
}

/** A companion without an image is not in the pod. */
function withImages(
  { companions, ...pod }: SidePod,
  overlay: PodOverlay | undefined,
  mirrors: readonly ImageMirror[],
): RunPod {
  const named = new Map(overlay?.companions?.map(({ name, image }) => [name, image]));
  const running = companions.flatMap((companion) => {
    const image = named.get(companion.name) ?? companion.image;
    return image === undefined ? [] : { ...companion, image: mirrored(image, mirrors) };
  });
  return { ...pod, companions: running };
}

/** Another key for another way to the same release: other credentials, or another registry. */
export function installKey({ digest, registry, credentialsSecret }: PluginRun): string {
  return hashOf({ digest, registry, credentialsSecret });
}

/** What has to be put on the node before a run takes the place of what runs. */
export function preparation(before: PluginRun | undefined, run: PluginRun): { install: boolean; pull: string[] } {
  return {
    install: run.package !== undefined && !(before && sameCode(before, run)),
    // Where nothing runs, nothing waits for the image.
    pull: before === undefined ? [] : imagesOf(run).filter((image) => !imagesOf(before).includes(image)),
  };
}

/** Whether a pod has to bring something to the node first. */
export function needsInstallPod(before: PluginRun | undefined, target: PluginRun): boolean {
  const { install, pull } = preparation(before, target);
  return install || pull.length > 0;
}

/** The plugin's own and those of its companions, each once. */
function imagesOf({ image, pod }: PluginRun): string[] {
  return [...new Set([image, ...pod.companions.map((companion) => companion.image)])];
}

/** Whether the files on the node of one do for the other. What a version depends on is locked when it is found first. */
function sameCode(a: PluginRun, b: PluginRun): boolean {
  return a.package === b.package && a.version === b.version && a.integrity === b.integrity;
}

/** A run with the files that are on the node, where these do for it. */
export function withFilesOf(before: PluginRun | undefined, run: PluginRun): PluginRun {
  if (run.package === undefined || !before || !sameCode(before, run)) return run;
  return { ...run, ...omitUndefined({ lock: before.lock, claim: before.claim }) };
}

/** Whether two runs, of whatever settings, are of one release in one image. */
export function isSameRelease(a: PluginRun, b: PluginRun): boolean {
  return a.name === b.name && a.image === b.image && sameCode(a, b);
}

/** For messages. */
export function nameOf({ name, version }: PluginRun): string {
  return `${name} ${version}`;
}
