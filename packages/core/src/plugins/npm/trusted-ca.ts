/** Authorities that an admin has the whole installation trust, beside the public ones: those of registries and proxies. */
export const trustedCa = {
  /** In the operator's namespace. OpenShift fills it where it carries the label below. */
  configMap: 'dpu-operator-trusted-ca',
  key: 'ca-bundle.crt',
  directory: '/etc/dpu-operator/trusted-ca',
  injectLabel: 'config.openshift.io/inject-trusted-cabundle',
} as const;

export const trustedCaFile = `${trustedCa.directory}/${trustedCa.key}`;

/** Volume and mount of a container that runs npm. Without the ConfigMap the directory is empty. */
export const trustedCaVolume = { name: 'trusted-ca', configMap: { name: trustedCa.configMap, optional: true } };
export const trustedCaMount = { name: trustedCaVolume.name, mountPath: trustedCa.directory, readOnly: true };
