/** What the operator's classes are given by the container of main.ts. */
export const tokens = {
  environment: Symbol('Environment'),
  logger: Symbol('Logger'),
  store: Symbol('KubeStore'),
  caches: Symbol('Caches'),
  daemonLeases: Symbol('DaemonLeases'),
  turns: Symbol('Turns'),
  events: Symbol('EventRecorder'),
  lookUp: Symbol('LookUp'),
  readImage: Symbol('ReadImage'),
  trust: Symbol('TrustController'),
} as const;
