/** What many DPUs change to alike, whichever side they are. Pure. */
import type { PluginRun } from '../../../../api/plugin-run.ts';
import { hashOf } from '../../../shared/canonical-json.ts';
import { isSameRelease } from '../plugin-run.ts';

/** A plugin's release, by what {@link isSameRelease} compares. */
export function releaseKey({ name, image, package: packageName, version, integrity }: PluginRun): string {
  return [name, image, packageName, version, integrity].join(' ');
}

interface Ids {
  /** Of the release, whatever its settings. */
  release: string;
  /** Of the release with its settings. */
  withSettings: string;
}

const known = new WeakMap<PluginRun, Ids>();

/** 16 hex digits each, the same for both sides of a DPU. */
export function idsOf(run: PluginRun): Ids {
  const before = known.get(run);
  if (before) return before;
  // What is asked of the pod is another thing on each side.
  const { pod: _, disturbsTraffic: _disturbs, claim: _claim, lock: _lock, digest: _digest, ...alike } = run;
  const { registry: _registry, credentialsSecret: _secret, ...change } = alike;
  const ids = { release: hashOf({ release: releaseKey(run) }), withSettings: hashOf(change) };
  known.set(run, ids);
  return ids;
}

/**
 * The ids of what a DPU tries when it changes, the widest first, which is what a person approves: another release, and that
 * with its settings; or other settings alone. The same run in another pod is a change of the operator's release.
 *
 * @param podsOf what pods are made from, beside the run: the operator's release
 */
export function idsOfChange(from: PluginRun | undefined, to: PluginRun, podsOf: string): [string, ...string[]] {
  const { release, withSettings } = idsOf(to);
  if (!from || !isSameRelease(from, to)) return [release, withSettings];
  if (from.digest !== to.digest) return [withSettings];
  return [hashOf({ change: release, podsOf }), hashOf({ change: withSettings, podsOf })];
}
