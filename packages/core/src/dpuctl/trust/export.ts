import { stringify } from 'yaml';
import { annotations, labels } from '../../api/names/names.ts';
import { bundleData, type TrustBundle } from '../../trust/bundle.ts';
import type { Context } from '../context.ts';
import { importedName, ownTrust } from './own-trust.ts';

/** Prints the ConfigMap by which another cluster trusts this one; `kubectl apply -f` takes it there too. */
export async function exportTrust(context: Context): Promise<void> {
  const { installation, authorities, revoked } = await ownTrust(context);
  const certificates = authorities.map(({ certificate }) => certificate);
  // A bar binds the operator that issues the certificates. Elsewhere the time counts.
  const times = revoked.map(({ subject, before }) => ({ subject, before }));
  const bundle = { installation, authorities: certificates, revoked: times };
  context.print(stringify(importedConfigMap(bundle, context.namespace, new Date().toISOString())).trimEnd());
}

/**
 * The trust of another installation as it stands in a cluster.
 *
 * @param exported RFC 3339, where it is known
 */
export function importedConfigMap(bundle: TrustBundle, namespace: string, exported?: string) {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: importedName(bundle.installation),
      namespace,
      labels: { [labels.trustedInstallation]: bundle.installation },
      ...(exported !== undefined && { annotations: { [annotations.trustExported]: exported } }),
    },
    data: bundleData(bundle),
  };
}
