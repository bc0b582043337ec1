/** What the parts of a VSP's pod that come from different people forbid each other. Pure. */
import { type PluginManifest, podOf } from '@dpu-operator/sdk/manifest';
import type { VendorPlugin } from '../../api/kinds/vendor-plugin.ts';
import { operatorNamespace, vspServiceAccountPrefix } from '../../api/names/names.ts';
import { LookupError } from '../../plugins/lookup/lookup-error.ts';

/**
 * @throws LookupError PodInvalid where manifest and VendorPlugin mount two things at one place, or the VendorPlugin has an
 * image for a companion that there is not; ServiceAccountMissing where the manifest asks for rights and the VendorPlugin names no account that has them.
 */
export function requirePod(plugin: VendorPlugin, manifest: PluginManifest): void {
  const { volumeMounts = [], companions = [], serviceAccountName } = plugin.spec.pod ?? {};
  const known = new Set([...podOf(manifest, 'host').companions, ...podOf(manifest, 'dpu').companions].map(nameOf));
  for (const [index, { name }] of companions.entries()) {
    if (known.has(name)) continue;
    const there = known.size === 0 ? 'none' : [...known].join(', ');
    throw new LookupError(
      'PodInvalid',
      `spec.pod.companions[${index}].name: the manifest has no companion ${name}, but ${there}`,
    );
  }
  for (const side of ['host', 'dpu'] as const) {
    const { hostPaths, devices, rbac } = podOf(manifest, side);
    const taken = new Set([...hostPaths, ...devices].map(({ path, at }) => tidy(at ?? path)));
    for (const [index, { mountPath }] of volumeMounts.entries()) {
      if (!taken.has(tidy(mountPath))) continue;
      const message = `spec.pod.volumeMounts[${index}]: the manifest mounts something at ${mountPath} already`;
      throw new LookupError('PodInvalid', message);
    }
    if (rbac.length > 0 && serviceAccountName === undefined) throw accountMissing(plugin, rbac);
  }
}

function accountMissing({ metadata }: VendorPlugin, rules: object[]): LookupError {
  const name = `${vspServiceAccountPrefix}${metadata.name}`;
  const inNamespace = `-n ${operatorNamespace}`;
  const message = [
    `it needs rights on the API, and spec.pod.serviceAccountName names no account; to give them: kubectl create serviceaccount ${inNamespace} ${name}`,
    `a Role with these rules: ${JSON.stringify(rules)}`,
    `kubectl create rolebinding ${inNamespace} ${name} --role ${name} --serviceaccount ${operatorNamespace}:${name}`,
    `then spec.pod.serviceAccountName: ${name}`,
  ];
  return new LookupError('ServiceAccountMissing', message.join('; '));
}

const nameOf = ({ name }: { name: string }) => name;

function tidy(path: string): string {
  return path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
}
