import satisfies from 'semver/functions/satisfies.js';
import gtr from 'semver/ranges/gtr.js';
import ltr from 'semver/ranges/ltr.js';
import validRange from 'semver/ranges/valid.js';

/** Version of the contract in src/contract/contract.ts that this SDK serves: what came with which one its README says. */
export const contractVersion = '1.2.0';

export function isRange(text: string): boolean {
  return text.trim() !== '' && validRange(text) !== null;
}

/**
 * Why this SDK does not serve what a manifest asks for, and what to do about it; undefined where it does.
 *
 * @param range A range of versions as npm reads it, e.g. `^1.1.0`.
 */
export function contractFault(range: string, served: string = contractVersion): string | undefined {
  return versionFault('contract', range, served);
}

/** What to install where a plugin is too new. On a cluster the operator brings the plugin host, elsewhere the SDK does. */
export const newerHost = 'a newer operator (outside of a cluster: @dpu-operator/sdk) or an older version of the plugin';

/** What a version that is served says to a range that is asked for. @param what of what, e.g. `contract` */
export function versionFault(what: string, range: string, served: string): string | undefined {
  if (satisfies(served, range)) return undefined;
  const fault = `the plugin needs ${what} ${range}, served is ${served}`;
  if (ltr(served, range)) return `${fault}: install ${newerHost}`;
  if (gtr(served, range)) return `${fault}: install a newer version of the plugin`;
  return `${fault}: install another version of the plugin, or of the operator (outside of a cluster: @dpu-operator/sdk)`;
}
