/** What many DPUs change to alike, whichever side they are. Pure. */
import type { PluginRun } from '../../../../api/fields/plugin-run.ts';
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

/** A fleet has few runs, and each DPU's status an object of its own: they are the same by their text. */
const known = new Map<string, Ids>();
const byObject = new WeakMap<PluginRun, Ids>();
const mostKnown = 1_000;

/** 16 hex digits each, the same for both sides of a DPU. */
export function idsOf(run: PluginRun): Ids {
  const before = byObject.get(run);
  if (before) return before;
  const text = JSON.stringify(run);
  const ids = known.get(text) ?? makeIds(run);
  if (known.size >= mostKnown) known.clear();
  known.set(text, ids);
  byObject.set(run, ids);
  return ids;
}

function makeIds(run: PluginRun): Ids {
  // What is asked of the pod is another thing on each side.
  const { pod: _, disturbsTraffic: _disturbs, claim: _claim, lock: _lock, digest: _digest, ...alike } = run;
  const { registry: _registry, credentialsSecret: _secret, askedFor: _words, ...change } = alike;
  return { release: hashOf({ release: releaseKey(run) }), withSettings: hashOf(change) };
}

/**
 * The ids of what a DPU tries when it changes, the widest first, which is what a person approves: another release, and that
 * with its settings; or other settings alone. The same run in another pod is a change of the operator's release.
 *
 * @param operatorImage the operator's release, which makes the pods
 */
export function idsOfChange(from: PluginRun | undefined, to: PluginRun, operatorImage: string): [string, ...string[]] {
  const { release, withSettings } = idsOf(to);
  if (!from || !isSameRelease(from, to)) return [release, withSettings];
  if (from.digest !== to.digest) return [withSettings];
  return [hashOf({ change: release, operatorImage }), hashOf({ change: withSettings, operatorImage })];
}
