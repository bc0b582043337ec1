export interface HostPath {
  path: string;
  /** Make it when it is missing; else a pod that needs it does not start. */
  create?: boolean | undefined;
  readOnly?: boolean | undefined;
  propagation?: 'None' | 'HostToContainer' | 'Bidirectional' | undefined;
}

/** Volumes for directories of the node, each at the same path in the container. */
export function hostPathVolumes(paths: readonly HostPath[]) {
  return {
    volumes: paths.map(({ path, create }, index) => ({
      name: volumeName(index),
      hostPath: { path, type: create ? 'DirectoryOrCreate' : '' },
    })),
    volumeMounts: paths.map(({ path, readOnly, propagation }, index) => ({
      name: volumeName(index),
      mountPath: path,
      ...(readOnly && { readOnly: true }),
      ...(propagation && { mountPropagation: propagation }),
    })),
  };
}

function volumeName(index: number): string {
  return `host-${index}`;
}
