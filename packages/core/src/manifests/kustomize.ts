/** Kustomize bases: one for each directory of config/, and `config/default`, which has all of them. */
import { defaults } from './deployment.ts';

const kustomization = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' };

/** @param directories the files of each directory of config/ */
export function kustomizations(directories: ReadonlyMap<string, readonly string[]>): Map<string, object> {
  const files = new Map<string, object>();
  for (const [directory, resources] of directories) {
    files.set(`config/${directory}/kustomization.yaml`, { ...kustomization, resources });
  }
  files.set('config/default/kustomization.yaml', everything(['crd', 'deploy', 'policy']));
  // Below Kubernetes 1.30 there are no admission policies.
  files.set('config/without-policy/kustomization.yaml', everything(['crd', 'deploy']));
  for (const name of ['default', 'without-policy']) files.set(`config/${name}/images.yaml`, whereImagesStand);
  return files;
}

function everything(parts: readonly string[]): object {
  return {
    ...kustomization,
    resources: parts.map((part) => `../${part}`),
    configurations: ['images.yaml'],
    images: Object.values(defaults.images).map((image) => {
      const [name = '', newTag] = image.split(':');
      return { name, newName: name, newTag };
    }),
  };
}

/** `kustomize edit set image` reaches the image of the VSPs too, which stands in an environment variable. */
const whereImagesStand = {
  images: [{ path: 'spec/template/spec/containers/env/value', kind: 'Deployment' }],
};
