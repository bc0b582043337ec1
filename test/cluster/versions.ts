/** Every version that the test cluster is made of, in one place: they are part of the cache keys. */
export const versions = {
  kind: 'v0.33.0',
  kubernetes: 'v1.36.3',
  /** What kubeadm of this Kubernetes version asks for; the binary inside is `etcdModule`. */
  etcdImage: '3.6.8-0',
  etcdModule: 'v3.6.16',
  containerd: 'v2.4.2',
  cniPlugins: 'v1.9.1',
  debian: 'bookworm',
  multus: 'v4.2.4',
  whereabouts: 'v0.9.3',
  /** kubeadm pre-pulls 3.10.2, containerd's sandbox default is 3.10: both names must exist in the node. */
  pauseImages: ['3.10', '3.10.2'],
} as const;

/** The image that Kind itself would use for this Kubernetes version. */
export const publishedNodeImage = `kindest/node:${versions.kubernetes}`;
