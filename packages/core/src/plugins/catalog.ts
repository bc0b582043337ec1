/** All plugins that there are: those that ship with the operator, and what the VendorPlugins have been resolved to. */
import { DpuError } from '@dpu-operator/sdk';
import { satisfies } from 'semver';
import type { VendorPlugin } from '../api/kinds/vendor-plugin.ts';
import { olderFirst } from '../kube/objects/resource.ts';
import { builtinReleases, type PluginRelease, releaseFor } from './release.ts';

/** Read once, so that their schemas are compiled once: a catalog is made anew whenever a VendorPlugin changes. */
const shipped = builtinReleases();

/** Why a release cannot be had; the message says what to do. */
export interface Missing {
  reason: 'UnknownPlugin' | 'VersionUnresolved' | 'ManifestInvalid';
  message: string;
}

/** The order says who detects a DPU that several know: plugins of the operator, then older VendorPlugins. */
export class PluginCatalog {
  readonly #builtin: readonly PluginRelease[];
  readonly #vendors: readonly VendorPlugin[];
  /** Reading a manifest takes a while, and settings are checked by the very schema object. */
  readonly #found = new Map<string, PluginRelease | Missing>();

  constructor(vendorPlugins: readonly VendorPlugin[], builtin: readonly PluginRelease[] = shipped) {
    this.#builtin = builtin;
    this.#vendors = [...vendorPlugins].sort(olderFirst);
  }

  get names(): string[] {
    return [...this.#builtin.map(({ plugin }) => plugin), ...this.#vendors.map(({ metadata }) => metadata.name)];
  }

  /** Whether there is such a plugin, resolved or not. */
  has(plugin: string): boolean {
    return this.names.includes(plugin);
  }

  /** The release of each plugin that its own version stands for; a plugin that has none (yet) is left out. */
  defaults(): PluginRelease[] {
    return this.names.flatMap((name) => {
      const release = this.find(name);
      return 'reason' in release ? [] : [release];
    });
  }

  /** @param requested version, range or tag in place of the plugin's own */
  find(plugin: string, requested?: string): PluginRelease | Missing {
    const key = JSON.stringify([plugin, requested]);
    const known = this.#found.get(key);
    if (known) return known;
    const found = this.#look(plugin, requested);
    this.#found.set(key, found);
    return found;
  }

  #look(plugin: string, requested: string | undefined): PluginRelease | Missing {
    const builtin = this.#builtin.find((release) => release.plugin === plugin);
    if (builtin) return serves(builtin, requested) ? builtin : onlyVersion(builtin, requested ?? '');
    const vendor = this.#vendors.find(({ metadata }) => metadata.name === plugin);
    if (!vendor) {
      const known = this.names.join(', ') || 'none';
      return { reason: 'UnknownPlugin', message: `there is no VendorPlugin ${plugin}; the plugins are: ${known}` };
    }
    try {
      return releaseFor(vendor, requested) ?? unresolved(vendor, requested);
    } catch (error) {
      const message = `the manifest of VendorPlugin ${plugin} is not understood: ${DpuError.from(error).message}`;
      return { reason: 'ManifestInvalid', message };
    }
  }
}

function serves({ version = '' }: PluginRelease, requested: string | undefined): boolean {
  return requested === undefined || requested === 'latest' || satisfies(version, requested);
}

function onlyVersion({ plugin, version }: PluginRelease, requested: string): Missing {
  const message = `${plugin} ships with the operator, in version ${version} only, which is not ${requested}; leave spec.plugin.version out`;
  return { reason: 'VersionUnresolved', message };
}

function unresolved({ metadata, spec, status }: VendorPlugin, requested = spec.version): Missing {
  const failure = status?.failures?.find((one) => one.requested === requested);
  const why = failure ? `: ${failure.message}` : ` yet; kubectl describe vendorplugin ${metadata.name}`;
  return { reason: 'VersionUnresolved', message: `VendorPlugin ${metadata.name} has no version ${requested}${why}` };
}
