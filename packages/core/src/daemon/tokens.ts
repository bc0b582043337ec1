/** What the daemon's classes are given by the container of main.ts. */
export const tokens = {
  config: Symbol('DaemonConfig'),
  directories: Symbol('NodeDirectories'),
  log: Symbol('ProcessLog'),
  store: Symbol('KubeStore'),
  events: Symbol('EventRecorder'),
  sysfs: Symbol('Sysfs'),
  attachments: Symbol('AttachmentStore'),
  allocations: Symbol('DeviceAllocations'),
  startCniServer: Symbol('StartCniServer'),
} as const;
