/** What many DPUs change to alike, whichever side they are. Pure. */
import type { PluginRun } from '../../../../api/plugin-run.ts';
import { hashOf } from '../../../shared/canonical-json.ts';

/** A plugin's release, by what {@link isSameRelease} compares. */
export function releaseKey({ name, image, package: packageName, version, integrity }: PluginRun): string {
  return [name, image, packageName, version, integrity].join(' ');
}

const ids = new WeakMap<PluginRun, string>();

/** Id of a release with settings: 16 hex digits, the same for both sides of a DPU. What a person approves. */
export function changeId(run: PluginRun): string {
  const known = ids.get(run);
  if (known !== undefined) return known;
  // What is asked of the pod is another thing on each side.
  const { pod: _, disturbsTraffic: _disturbs, claim: _claim, lock: _lock, digest: _digest, ...alike } = run;
  const { registry: _registry, credentialsSecret: _secret, ...change } = alike;
  const id = hashOf(change);
  ids.set(run, id);
  return id;
}

/**
 * The id of what a DPU changes to. The same run in another pod is a change of its own, of the operator's release.
 *
 * @param podsOf what pods are made from, beside the run: the operator's release
 */
export function idOfChange(from: PluginRun | undefined, to: PluginRun, podsOf: string): string {
  return from?.digest === to.digest ? hashOf({ change: changeId(to), podsOf }) : changeId(to);
}
