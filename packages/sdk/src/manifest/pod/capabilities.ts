/** Capabilities of Linux 5.9 and later (capabilities(7)), as pods ask for them: without `CAP_`. */
export const linuxCapabilities: ReadonlySet<string> = new Set([
  'AUDIT_CONTROL',
  'AUDIT_READ',
  'AUDIT_WRITE',
  'BLOCK_SUSPEND',
  'BPF',
  'CHECKPOINT_RESTORE',
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'IPC_LOCK',
  'IPC_OWNER',
  'KILL',
  'LEASE',
  'LINUX_IMMUTABLE',
  'MAC_ADMIN',
  'MAC_OVERRIDE',
  'MKNOD',
  'NET_ADMIN',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_RAW',
  'PERFMON',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYSLOG',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_CHROOT',
  'SYS_MODULE',
  'SYS_NICE',
  'SYS_PACCT',
  'SYS_PTRACE',
  'SYS_RAWIO',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'WAKE_ALARM',
]);

/** What is wrong with the name of a capability; undefined where it is one. */
export function capabilityFault(name: string): string | undefined {
  if (linuxCapabilities.has(name)) return undefined;
  const bare = name.toUpperCase().replace(/^CAP_/, '');
  if (linuxCapabilities.has(bare)) return `must be written ${bare}`;
  if (bare === 'ALL') return 'must name each capability; a plugin that needs all of them asks for `privileged`';
  return `is no capability of Linux (capabilities(7)), is ${JSON.stringify(name)}`;
}
