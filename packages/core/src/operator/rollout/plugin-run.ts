import { createHash } from 'node:crypto';
import { type DpuSide, podOf } from '@dpu-operator/sdk/manifest';
import type { PluginRun } from '../../api/plugin-run.ts';
import { type ImageMirror, mirrored } from '../../plugins/image/mirror.ts';
import type { PluginRelease } from '../../plugins/release.ts';
import { canonicalJson } from '../canonical-json.ts';

/** What a DataProcessingUnitConfig adds to a release. */
export interface Wishes {
  settings: Record<string, unknown>;
  /** Name of the Secret that the plugin reads. */
  secret?: string | undefined;
  /** Name of the ConfigMap that the plugin reads. */
  configMap?: string | undefined;
}

/** A release with settings, and all that its pod is made from: nothing of it changes when the release is found anew. */
export function pluginRun(
  release: PluginRelease,
  side: DpuSide,
  { settings, secret, configMap }: Wishes,
  vspImage: string,
  mirrors: readonly ImageMirror[] = [],
): PluginRun {
  const { source, manifest, overlay } = release;
  const { disturbsTraffic } = manifest;
  const image = release.image ? mirrored(release.image, mirrors) : vspImage;
  const pod = podOf(manifest, side);
  const companions = pod.companions.map((one) => ({ ...one, image: mirrored(one.image, mirrors) }));
  const run = {
    name: release.plugin,
    products: manifest.products.map(({ name }) => name),
    version: release.version ?? image,
    image,
    ...(source.kind === 'builtin' && { directory: source.directory }),
    ...(source.kind === 'npm' && {
      package: source.packageName,
      integrity: source.integrity,
      lock: source.lock,
      ...(source.registry && { registry: source.registry }),
      ...(source.credentialsSecret && { credentialsSecret: source.credentialsSecret }),
    }),
    disturbsTraffic: Array.isArray(disturbsTraffic) ? disturbsTraffic.includes(side) : disturbsTraffic,
    pod: { ...pod, companions },
    ...(overlay && { overlay }),
    ...(secret !== undefined && { secret }),
    ...(configMap !== undefined && { configMap }),
    settings,
  };
  // Where it was taken from is of no matter to what runs.
  const { registry: _, credentialsSecret: _secret, ...made } = run;
  return { ...run, digest: hash(made) };
}

/** Another key for another way to the same release: other credentials, or another registry. */
export function installKey({ digest, registry, credentialsSecret }: PluginRun): string {
  return hash({ digest, registry, credentialsSecret });
}

/** What has to be put on the node before a run takes the place of what runs. */
export function preparation(before: PluginRun | undefined, run: PluginRun): { install: boolean; pull: string[] } {
  return {
    install: run.package !== undefined && !(before && sameCode(before, run)),
    // Where nothing runs, nothing waits for the image.
    pull: before === undefined ? [] : imagesOf(run).filter((image) => !imagesOf(before).includes(image)),
  };
}

/** The plugin's own and those of its companions, each once. */
function imagesOf({ image, pod }: PluginRun): string[] {
  return [...new Set([image, ...pod.companions.map((companion) => companion.image)])];
}

/** Whether running one takes the same files on the node as running the other. */
function sameCode(a: PluginRun, b: PluginRun): boolean {
  return a.package === b.package && a.version === b.version && a.integrity === b.integrity && a.lock === b.lock;
}

/** For messages. */
export function nameOf({ name, version }: PluginRun): string {
  return `${name} ${version}`;
}

function hash(value: object): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 16);
}
