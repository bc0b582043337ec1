/** The OLM bundle: what a catalog offers, in the format registry+v1. */
import { stringify } from 'yaml';
import { workloads } from '../../api/names/names.ts';
import { trustedCa } from '../../plugins/npm/trusted-ca.ts';
import { type DeploymentOptions, defaults } from '../deployment.ts';
import { installation } from '../installation.ts';
import { rbac } from '../rbac.ts';
import { clusterServiceVersion } from './cluster-service-version.ts';
import { packageName } from './names.ts';

interface Named {
  kind: string;
  metadata: { name: string; namespace?: string };
}

/**
 * The files by their path.
 *
 * @param version of the packages
 * @param images that the operator is installed from
 */
export function bundleFiles(version: string, images: DeploymentOptions['images']): Map<string, string> {
  const { crds, deployment, disruptionBudget } = installation({ ...defaults, images });
  const objects = [
    ...crds.values(),
    ...sharedRoles(),
    disruptionBudget,
    injectedAuthorities,
    clusterServiceVersion({ version, images, deployment, crds }),
  ];
  return new Map([
    ...objects.map((object) => [`bundle/manifests/${fileName(object)}`, stringify(object, written)] as const),
    ['bundle/metadata/annotations.yaml', stringify({ annotations })],
    ['bundle.Dockerfile', dockerfile()],
  ]);
}

/** OpenShift fills it with the authorities that the cluster trusts; other clusters leave it empty. */
const injectedAuthorities = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: trustedCa.configMap, labels: { [trustedCa.injectLabel]: 'true' } },
};

const written = { lineWidth: 120, aliasDuplicateObjects: false };

/** Those that people are given; of the processes' own OLM makes what the ClusterServiceVersion lists. */
function sharedRoles(): object[] {
  const names = Object.values(workloads).map((account) => `dpu-operator:${account}`);
  return rbac().filter((object) => {
    const { kind, metadata } = object as Named;
    return kind === 'ClusterRole' && !names.includes(metadata.name);
  });
}

function fileName(object: object): string {
  const { kind, metadata } = object as Named;
  // Of whatever version, it is the same file.
  if (kind === 'ClusterServiceVersion') return `${packageName}.clusterserviceversion.yaml`;
  return `${metadata.name.replaceAll(':', '-')}.${kind.toLowerCase()}.yaml`;
}

const prefix = 'operators.operatorframework.io.bundle';

const annotations = {
  [`${prefix}.mediatype.v1`]: 'registry+v1',
  [`${prefix}.manifests.v1`]: 'manifests/',
  [`${prefix}.metadata.v1`]: 'metadata/',
  [`${prefix}.package.v1`]: packageName,
  [`${prefix}.channels.v1`]: 'alpha',
  [`${prefix}.channel.default.v1`]: 'alpha',
};

function dockerfile(): string {
  const labels = Object.entries(annotations).map(([key, value]) => `LABEL ${key}=${value}`);
  return ['FROM scratch', ...labels, 'COPY bundle/manifests /manifests/', 'COPY bundle/metadata /metadata/', ''].join(
    '\n',
  );
}
