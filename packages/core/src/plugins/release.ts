/** A version of a plugin that can run. */
import { type PluginManifest, parsePluginManifest } from '@dpu-operator/sdk/manifest';
import softwareDpu from '@dpu-operator/vsp-mock/package.json' with { type: 'json' };
import type { PodOverlay } from '../api/fields/pod-overlay.ts';
import type { VendorPlugin, VendorPluginRelease } from '../api/kinds/vendor-plugin.ts';

/** Where the code comes from. */
export type PluginSource =
  /** Part of the general VSP image. */
  | { kind: 'builtin'; directory: string }
  /** Installed on the node from an npm registry, as the lock in that ConfigMap says. */
  | {
      kind: 'npm';
      packageName: string;
      version: string;
      integrity: string;
      lock: string;
      registry?: string;
      credentialsSecret?: string;
    }
  /** An image that is a VSP on its own, as those made for the Go operator. */
  | { kind: 'image' };

export interface PluginRelease {
  /** Name of the VendorPlugin; npm name of a plugin that ships with the operator. */
  plugin: string;
  /** As it was asked for; undefined for the plugin's own choice. */
  requested?: string;
  version?: string;
  /** What the VendorPlugin asked for that this was found: a version, range or tag of the package, or the image with a tag. */
  askedFor?: string;
  source: PluginSource;
  /** Image to run it in, where that is not the general VSP image. */
  image?: string;
  /** What that image can run on, where it is known. */
  architectures?: readonly string[];
  manifest: PluginManifest;
  /** What the VendorPlugin adds to its pods. */
  overlay?: PodOverlay;
}

/** Plugins that ship with the operator's own VSP image. */
export function builtinReleases(): PluginRelease[] {
  return [softwareDpu].map(({ name, version, ...rest }) => ({
    plugin: name,
    version,
    source: { kind: 'builtin', directory: `/opt/dpu-vsp/plugins/${name}` },
    manifest: parsePluginManifest(rest),
  }));
}

/**
 * The release that a DPU should run: the one found for `requested`, or for the VendorPlugin's own version. While its own
 * version cannot be found, the one before it.
 *
 * @throws DpuError INVALID_ARGUMENT when the manifest in its status is not one (of another contract, say).
 */
export function releaseFor(vendorPlugin: VendorPlugin, requested?: string): PluginRelease | undefined {
  const { spec, status } = vendorPlugin;
  const releases = status?.releases ?? [];
  const found = releases.find((release) => release.requested === (requested ?? spec.version));
  const earlier = releases.find((release) => release.requested === status?.requested);
  const release = found ?? (requested === undefined ? earlier : undefined);
  return release && releaseOf(vendorPlugin, release);
}

function releaseOf({ metadata, spec }: VendorPlugin, release: VendorPluginRelease): PluginRelease {
  const { requested, version, integrity, lock, registry, credentialsSecret, image, architectures } = release;
  const manifest = parsePluginManifest({ dpu: release.manifest });
  const runsIn = image ?? manifest.image;
  const packageName = release.package ?? spec.package;
  const askedFor = packageName ? requested : release.askedImage;
  return {
    plugin: metadata.name,
    requested,
    ...(version && { version }),
    ...(askedFor && { askedFor }),
    source:
      packageName && version && integrity && lock
        ? {
            kind: 'npm',
            packageName,
            version,
            integrity,
            lock,
            ...(registry && { registry }),
            ...(credentialsSecret && { credentialsSecret }),
          }
        : { kind: 'image' },
    ...(runsIn && { image: runsIn }),
    ...(architectures && { architectures }),
    manifest,
    ...(spec.pod && { overlay: spec.pod }),
  };
}
