import type { ContainerNeeds } from '@dpu-operator/sdk/manifest';

/** What a container may do, from what the manifest asks for and nothing else. */
export function containerSecurity({ privileged, capabilities = [], seccomp = 'RuntimeDefault' }: ContainerNeeds) {
  // The rest has no effect on a privileged container.
  if (privileged) return { privileged: true };
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'], ...(capabilities.length > 0 && { add: capabilities }) },
    seccompProfile: { type: seccomp },
    // Where SELinux is on, no ordinary container may use directories of the node, such as that of its socket.
    seLinuxOptions: { type: 'spc_t' },
  };
}
