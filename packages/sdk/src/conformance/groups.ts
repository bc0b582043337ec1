/** In the order in which they run: what disturbs least comes first. */
export const groups = [
  'lifecycle',
  'devices',
  'bridge',
  'network-functions',
  'chains',
  'network-config',
  'errors',
  'concurrency',
  'leaks',
  'restart',
  'shutdown',
] as const;
export type Group = (typeof groups)[number];

export type Mode = 'host' | 'dpu';
