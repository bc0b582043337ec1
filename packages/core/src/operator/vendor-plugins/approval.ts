/** Whether a version of a plugin may be run, or waits for somebody who runs the cluster. Pure. */
import type { PluginManifest } from '@dpu-operator/sdk/manifest';
import type { VendorPlugin } from '../../api/kinds/vendor-plugin.ts';
import { LookupError } from '../../plugins/lookup/lookup-error.ts';
import { growthOver } from './pod-asks.ts';
import { usableManifest } from './vendor-plugin-status.ts';

/**
 * That somebody makes a VendorPlugin approves its first version, unless it says otherwise. A later one that asks for more
 * of its pods than those in use waits until its number is in `spec.approvedVersion`.
 *
 * @param manifest Of the version that was found.
 * @throws LookupError ApprovalRequired with what is more, and how to approve it.
 */
export function requireApproval(
  { metadata, spec, status }: VendorPlugin,
  version: string,
  manifest: PluginManifest,
): void {
  if (spec.approvedVersion === version) return;
  const inUse = (status?.releases ?? []).flatMap((release) => usableManifest(release)?.manifest ?? []);
  const before: Pick<PluginManifest, 'pod'>[] = status?.approved && inUse.length === 0 ? [status.approved] : inUse;
  if (before.length === 0 && !spec.requireApproval) return;
  const more = growthOver(before, manifest);
  // Also a first version that asks for nothing: it is code of somebody else's.
  if (before.length > 0 && more.length === 0) return;
  const asks =
    before.length > 0
      ? `asks for more than what is in use: ${more.join(', ')}`
      : `asks for ${more.join(', ') || 'nothing'}`;
  const patch = JSON.stringify({ spec: { approvedVersion: version } });
  const how = `kubectl patch vendorplugin ${metadata.name} --type merge -p '${patch}'`;
  throw new LookupError('ApprovalRequired', `version ${version} ${asks}; to approve it: ${how}`);
}
