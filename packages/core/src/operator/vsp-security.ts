import type { PluginRun } from '../api/plugin-run.ts';

/** What a container may do, from what the manifest asks for and nothing else. */
export function containerSecurity({ privileged, capabilities, seccomp }: PluginRun['privileges']) {
  // The rest has no effect on a privileged container.
  if (privileged) return { privileged: true };
  const add = capabilities.map((name) => name.replace(/^CAP_/, ''));
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'], ...(add.length > 0 && { add }) },
    seccompProfile: { type: seccomp },
    // Where SELinux is on, no ordinary container may use directories of the node, such as that of its socket.
    seLinuxOptions: { type: 'spc_t' },
  };
}
