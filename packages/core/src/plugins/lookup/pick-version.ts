import { maxSatisfying, rcompare, satisfies, valid, validRange } from 'semver';
import { LookupError } from './lookup-error.ts';

/** What a registry has of a package. */
export interface Published {
  versions: readonly string[];
  /** `latest` and others, each with its version. */
  tags: Readonly<Record<string, string>>;
}

/** How many versions a message names. */
const named = 10;

/** Whether it can only ever mean one version. */
export function isExact(requested: string): boolean {
  return valid(requested) !== null;
}

/**
 * The version that a version, tag or range means at present, as npm would take it: of a range `latest` where that is in
 * it, otherwise the highest.
 *
 * @throws LookupError VersionNotFound that names what there is.
 */
export function pickVersion(requested: string, { versions, tags }: Published): string {
  const exact = valid(requested);
  const { [requested]: tagged, latest } = tags;
  const inRange = validRange(requested) === null ? null : pickInRange(requested, versions, latest);
  const found = exact ? versions.find((version) => version === exact) : (tagged ?? inRange);
  if (found && versions.includes(found)) return found;
  // A registry may have one that is no version, as `1.0`; npm passes over it, too.
  const newest = versions.filter((version) => valid(version) !== null).sort(rcompare);
  const more = newest.length > named ? `, and ${newest.length - named} older` : '';
  const tagNames = Object.entries(tags).map(([tag, version]) => `${tag} (${version})`);
  throw new LookupError(
    'VersionNotFound',
    `there is no version ${requested}; there are ${newest.slice(0, named).join(', ') || 'none'}${more}, and the tags ${tagNames.join(', ') || 'none'}`,
  );
}

function pickInRange(range: string, versions: readonly string[], latest: string | undefined): string | null {
  if (latest && satisfies(latest, range)) return latest;
  return maxSatisfying(versions, range);
}
